"""Records of templates and runs: the documents in the store, and the rules by which they change."""
