"""Thin adapters: decode, one library call, encode. One noun a module; each activity is short and may run twice."""

from activities.adapter import bp

from . import (  # noqa: F401 - importing a module registers its activities
    capture,
    clean_up,
    health,
    images,
    machines,
    plan,
    provision,
    rebuild,
    replicate,
    runs,
    sources,
    stage,
    submission,
    sweep,
    target_names,
    templates,
    validate,
)

blueprints = (bp,)
