"""For developers and local runs: Azure, its storage, its machines and the Functions host, all on one machine."""
