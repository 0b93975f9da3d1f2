"""Replay-safe orchestrators, one workflow a module. flow.py alone knows azure-functions-durable."""

from orchestrators.flow import bp

from . import (  # noqa: F401 - importing a module registers its orchestrators
    build_image,
    capture,
    clean_up,
    customize,
    delete_template,
    distribute,
    make_image,
    replicate,
    stage,
    wait,
)

blueprints = (bp,)
