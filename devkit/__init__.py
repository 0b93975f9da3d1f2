"""Tools for developers and local runs: a local Azure, its storage, its machines and a Functions host on one machine."""
