"""Events of a run: kept with the change of its record, published at once if the topic answers.

Nothing here fails a build: what cannot be published stays in the run's outbox, for the timer function.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed, StorageUnavailable
from kiln.events import drain
from kiln.ids import RunRef

if TYPE_CHECKING:
    from kiln.events.outbox import Outbox
    from kiln.runs.documents import Stored
    from kiln.runs.record import RunRecord

log = logging.getLogger("kiln.events")


def announce(record: RunRecord) -> None:
    """Keep the run's events so far, and publish them. A run that is over had its events kept before it ended."""
    if not record.state.is_final:
        publish(RunRef(template=record.template, run_id=record.run_id), drain.keep(record))


def publish(run: RunRef, box: Stored[Outbox] | None = None) -> None:
    """Try to publish what is kept, for a few seconds. `box` is the run's outbox if it was read or written just now."""
    from azure.core.exceptions import AzureError

    try:
        drain.drain(run, box)
    except (AzureError, StorageUnavailable, PreconditionFailed):  # the outbox itself; its events are safe in it
        log.warning("the outbox of run %s cannot be read or marked", run.run_id, exc_info=True)
