"""The kinds of triggers, one a module, and what all of them can be told."""
