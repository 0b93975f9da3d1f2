"""What starts things: Kiln's REST API as client functions. It parses, calls and renders; it builds nothing."""

from triggers import operations, run_outputs, runs, templates

blueprints = (templates.bp, runs.bp, run_outputs.bp, operations.bp)
