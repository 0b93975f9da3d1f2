"""The `kiln` command: a client of Kiln's public REST API, and of nothing else."""
