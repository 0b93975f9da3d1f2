"""HTTP functions in Microsoft's worker give the same answers as on the local host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.tokens import bearer
from tests.worker.description import told
from tests.worker.http_calls import Answer, Request, of_twin, of_worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devkit.local.in_process import InProcessAzure
    from tests.worker.conftest import Twin
    from tests.worker.process import MicrosoftWorker

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
API = {"api-version": "2025-10-01"}
SIGNED = {"http_fire_webhook"}
"""Functions that know their callers by signatures, not by tokens."""
# Parts that differ from answer to answer: ids, and how long ago something was.
CHANGING = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)")
NAMES = {"subscription": SUBSCRIPTION, "group": "rg-images", "name": "nobody-s", "location": "westeurope"}


def requests(worker: MicrosoftWorker, headers: Mapping[str, str], **more: Any) -> Iterator[Request]:
    """Yield a request for every HTTP function and method of the app, for a template that does not exist."""
    for name, function in worker.functions.items():
        described = told(function)
        if described.trigger != "httpTrigger":
            continue
        route = described.settings["route"]
        placeholders = re.findall(r"\{\*?(\w+)\}", route)
        parameters = {item: NAMES.get(item, "1") for item in placeholders}
        for method in described.settings["methods"]:
            yield Request(name, method, route, parameters, query=API, headers=headers, **more)


def comparable(answer: Answer, *, head: bool) -> tuple[int, set[str], bytes]:
    headers = {name for name in answer.headers if name != "content-type"}
    return answer.status, headers, b"" if head else CHANGING.sub(b"-", answer.body)


def test_who_brings_no_token_is_refused_as_on_the_local_host(worker: MicrosoftWorker, twin: Twin) -> None:
    asked = list(requests(worker, {}))

    for request in asked:
        answer = of_worker(worker, request, twin.address, twin.client)
        assert answer.status == 401, request
        assert answer.headers["content-type"] == "application/json", request
        assert {"x-ms-request-id", "x-ms-correlation-request-id"} <= set(answer.headers), request
        if request.function not in SIGNED:
            assert answer.json["error"]["code"] == "AuthenticationFailed", request
            assert answer.headers["www-authenticate"].startswith("Bearer "), request
        head = request.method == "HEAD"
        assert comparable(answer, head=head) == comparable(of_twin(request, twin.address), head=head), request
    assert len({request.function for request in asked}) > 30


def test_an_admin_is_answered_as_on_the_local_host(
    worker: MicrosoftWorker, twin: Twin, local_azure: InProcessAzure
) -> None:
    for request in requests(worker, bearer(local_azure)):
        answer = of_worker(worker, request, twin.address, twin.client)
        assert answer.status < 500, (request, answer)
        head = request.method == "HEAD"
        assert comparable(answer, head=head) == comparable(of_twin(request, twin.address), head=head), request
