"""What starts things: Kiln's REST API as client functions. It parses, calls and renders; it builds nothing."""

from triggers import (
    event_feed,
    events,
    graph,
    operations,
    outbox,
    patch_template,
    provider,
    run_history,
    run_outputs,
    runs,
    schedules,
    source_triggers,
    template_lists,
    templates,
    watch,
    webhooks,
)

blueprints = (
    templates.bp,
    patch_template.bp,
    template_lists.bp,
    runs.bp,
    run_history.bp,
    run_outputs.bp,
    source_triggers.bp,
    operations.bp,
    provider.bp,
    outbox.bp,
    event_feed.bp,
    schedules.bp,
    webhooks.bp,
    events.bp,
    watch.bp,
    graph.bp,
)
