"""Kiln's library, used by the Functions app and the command: golden VM images for Azure, rebuilt by events."""
