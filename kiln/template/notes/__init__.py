"""Notes on each property of the template language: what Kiln does with it, and how that differs from AIB."""
