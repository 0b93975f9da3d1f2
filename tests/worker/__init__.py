"""Kiln in Microsoft's own Python worker: the app as it is deployed, indexed and called by azure-functions-runtime.

`azure-functions-runtime` (PyPI) is the library that Azure's worker runs apps with on Python 3.13 and newer; it is
driven here in the worker's place, with the host's messages. `inside` runs on that Python, in a virtual environment with
the packages that Azure would install and no others; everything beside it runs on the Python of the tests.
"""
