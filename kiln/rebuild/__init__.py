"""Rebuilds: deciding which templates are built again for a new version of their source, and when.

The decisions are pure; beside them are the documents of sources, of the templates that follow them, and of rebuilds.
"""
