"""Client functions: the REST API, Event Grid's events, timers. They parse, call and render; they build nothing."""

from triggers import (
    events,
    graph,
    health,
    operations,
    patch_template,
    provider,
    published_events,
    run_history,
    run_outputs,
    runs,
    template_lists,
    template_triggers,
    templates,
    timers,
    webhooks,
)

blueprints = (
    templates.bp,
    patch_template.bp,
    template_lists.bp,
    runs.bp,
    run_history.bp,
    run_outputs.bp,
    template_triggers.bp,
    operations.bp,
    provider.bp,
    published_events.bp,
    webhooks.bp,
    events.bp,
    graph.bp,
    health.bp,
    timers.bp,
)
