"""The planner makes a plan of a template: pure functions decide every name, size, script and order of a build."""
