"""Replay-safe orchestrators, one concept a module. flow.py alone knows azure-functions-durable."""

from orchestrators.flow import bp

from . import (  # noqa: F401 - importing a module registers its orchestrators
    build_image,
    capture,
    clean_up,
    delete_template,
    distribute,
    examine,
    generalize,
    machines,
    make_image,
    rebuild,
    scripts,
    stage,
    submit_template,
    sweep,
    validate,
    waits,
    watch_sources,
)

blueprints = (bp,)
