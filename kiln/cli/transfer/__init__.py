"""Download a VHD from a signed URL into a sparse file, and check it."""
