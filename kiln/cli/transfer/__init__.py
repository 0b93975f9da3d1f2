"""From a signed URL to a sparse file: what is downloaded, how, and how it is checked."""
