"""The Azure side: clients, long-running operations, errors, and one module for each kind of resource or question."""
