"""docs/compatibility.md: made from the models, their notes and the routes, by `python -m devkit.compatibility`."""
