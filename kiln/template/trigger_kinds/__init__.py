"""The kinds of triggers, one in each module, and the settings that all of them have."""
