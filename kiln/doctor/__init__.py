"""The doctor: what is wrong with Kiln and around it, each with its fix."""
