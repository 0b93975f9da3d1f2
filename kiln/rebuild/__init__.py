"""What a new source image leads to: which templates are built again, when, and when not. Pure."""
