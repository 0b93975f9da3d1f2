"""Shorter waits of a host, for the process that hosts are forked from to import; how it waits stays as it is.

No other process may import it, or its own waits would be short, too. A claim on a run's events counts 10 seconds
instead of a minute; before it asks the store again, azure-core waits a fifth of its time, 3 seconds instead of 15.
"""

from __future__ import annotations

import time
from datetime import timedelta

from azure.core.pipeline.transport import HttpTransport

from kiln.events import outbox

_SHARE = 0.2


def _sleep(_transport: HttpTransport, seconds: float) -> None:  # type: ignore[type-arg]  # of any requests
    time.sleep(seconds * _SHARE)


outbox.HOLD = timedelta(seconds=10)
HttpTransport.sleep = _sleep  # type: ignore[method-assign,assignment]  # by a function of the same kind
