"""What a new source image leads to: which templates are built again, when, and when not.

The decisions are pure; beside them is what is kept of sources, of who follows them, and of rebuilds that are going.
"""
