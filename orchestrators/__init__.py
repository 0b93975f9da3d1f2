"""Replay-safe orchestrators, one workflow a module. flow.py alone knows azure-functions-durable."""

from orchestrators.flow import bp

from . import (  # noqa: F401 - importing a module registers its orchestrators
    build_image,
    capture,
    clean_up,
    customize,
    delete_template,
    distribute,
    examine,
    generalize,
    make_image,
    rebuild,
    scripts,
    stage,
    submit_template,
    sweep,
    validate,
    wait,
    watch_sources,
)

blueprints = (bp,)
