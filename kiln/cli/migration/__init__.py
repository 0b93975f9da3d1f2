"""Image Builder's own templates on their way to Kiln: read from Azure, judged, written to files or submitted."""
