"""Kiln: golden VM images for Azure, built by events. The library under the Functions app and the command line."""
