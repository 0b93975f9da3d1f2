"""One run of an activity: its payload in, the history event of its result out.

It owns how a failure is told to the orchestrator; it must not know of queues or retries.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.host.protocol import Event, EventType, event
from devkit.host.time_limit import FunctionTimeoutError

if TYPE_CHECKING:
    from types import TracebackType

    from devkit.host.clock import Clock
    from devkit.host.functions import FunctionTable
    from devkit.host.records import ActivityWork

log = logging.getLogger(__name__)

_HOST = str(Path(__file__).parent)


def run_activity(functions: FunctionTable, clock: Clock, work: ActivityWork) -> Event:
    """Run the activity and return TaskCompleted, or TaskFailed with the text that the extension would give."""
    try:
        result = functions.run_activity(work.name, work.payload)
    except FunctionTimeoutError as error:
        return event(
            EventType.TASK_FAILED,
            clock.now(),
            TaskScheduledId=work.task_id,
            Reason=f"Activity function '{work.name}' failed: {error}",
            Details="",
        )
    except (Exception, SystemExit) as error:
        log.exception("activity '%s' of instance '%s' failed", work.name, work.instance_id)
        return event(
            EventType.TASK_FAILED,
            clock.now(),
            TaskScheduledId=work.task_id,
            # TaskActivityShim's text; orchestrators get it as part of their exception's message.
            Reason=f"Activity function '{work.name}' failed:  {type(error).__name__}: {error}",
            Details="".join(traceback.format_tb(_frames_of_the_function(error.__traceback__))),
        )
    return event(EventType.TASK_COMPLETED, clock.now(), TaskScheduledId=work.task_id, Result=result)


def _frames_of_the_function(trace: TracebackType | None) -> TracebackType | None:
    """Return what follows the host's last frame: before it are the host, and the library by which threads wait."""
    own = trace
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(_HOST):
            own = trace.tb_next
        trace = trace.tb_next
    return own
