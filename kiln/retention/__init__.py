"""What Kiln forgets: runs, versions and documents that are too old or stayed behind, each by its bound."""
