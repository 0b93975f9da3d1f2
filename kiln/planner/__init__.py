"""From a template to a plan: every name, size, script and order of a build, decided by pure functions."""
