"""Build of the wheel, in an empty folder: setuptools packs all of `build/`, also what an earlier version left there.

Everything else is in pyproject.toml.
"""

import tempfile

from setuptools import setup

with tempfile.TemporaryDirectory() as folder:
    setup(options={"build": {"build_base": folder}})
