"""What starts things: Kiln's REST API as client functions. It parses, calls and renders; it builds nothing."""

from triggers import operations, provider, run_history, run_outputs, runs, template_lists, templates

blueprints = (
    templates.bp,
    template_lists.bp,
    runs.bp,
    run_history.bp,
    run_outputs.bp,
    operations.bp,
    provider.bp,
)
