"""The judgement once everything has stopped: all runs are over, what Kiln says is true, and nothing is left over."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx

from kiln.ids import PROVIDER
from tests.e2e.app import API, SUBSCRIPTION
from tests.faults.chaos.bodies import SHARED_GROUP
from tests.faults.chaos.truth import Truth
from tests.own_clients import own_clients
from tests.tokens import bearer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.chaos.reasons import Reasons
    from tests.faults.crash_services import MortalApp, Services

SETTLES_WITHIN = 240.0
"""Seconds within which everything under way has to end."""
FINAL = {"Succeeded", "PartiallySucceeded", "Failed", "Canceled"}
SETTLED = {"Succeeded", "Failed"}
COSTLY = ("virtualmachines", "networkinterfaces", "disks", "snapshots")
MAY_FAIL = {"delete_template"}
"""Orchestrations that fail by design, so that clients see it, when Azure refuses something for good."""


class Unavailable(Exception):
    """Kiln answered 503; its text is the answer's."""


@dataclass
class Calm:
    """The state of everything after a chaos."""

    services: Services
    app: MortalApp
    reasons: Reasons
    """Reasons for which submissions, runs and deletions may fail."""

    summary: str = ""
    """The number of templates and runs in the end, and how and why these ended; complete after `problems`."""

    def problems(self) -> list[str]:
        """Wait until all is over; return everything that is wrong."""
        if late := self._late() or self._no_triggers() or self._late():
            return late
        templates = self._listed()
        runs = {name: self._runs(name) for name in templates}
        all_runs = [run for those in runs.values() for run in those]
        states = Counter(_end(run["properties"]) for run in all_runs)
        self.summary = f"{len(templates)} templates, runs: {dict(states)}"
        found = [*self._orchestrations(), *self._differing(templates), *self._groups(templates)]
        found += [*self._failed(templates, runs), *self._left(all_runs)]
        with own_clients(self.services.environment(self.app.state_account)):
            found += Truth(self.services.http_url).problems(runs)
        return [*found, *self._untold(all_runs)]

    def _no_triggers(self) -> list[str]:
        """Delete all triggers, so that nothing begins any more; return the answers that keep that from being done."""
        answers = [
            self.app.call("DELETE", f"{name}/triggers/{trigger['name']}")
            for name in self._listed()
            for trigger in self._value(f"{name}/triggers")
        ]
        return [f"{answer.request.url}: {answer.status_code} {answer.text}" for answer in answers if answer.is_error]

    def _late(self) -> list[str]:
        """Wait until all is over; return everything that is not, if it takes too long."""
        ended = time.monotonic() + SETTLES_WITHIN
        while going := self._not_over() or self._not_over():  # a run that has just ended may begin something else
            if time.monotonic() > ended:
                return [f"not over after {SETTLES_WITHIN:g} s: {what}" for what in going]
            time.sleep(0.5)
        return []

    def _listed(self) -> dict[str, dict[str, Any]]:
        return {item["name"]: item for item in self._value("")}

    def _runs(self, name: str) -> list[dict[str, Any]]:
        return self._value(f"{name}/runs")

    def _value(self, path: str) -> list[dict[str, Any]]:
        """Return all items of a list. Raises `Unavailable` for 503, which says to ask again, else `ValueError`."""
        value: list[dict[str, Any]] = []
        query: dict[str, Any] = dict(API)
        while True:
            answer = self.app.call("GET", path, params=query)
            if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                raise Unavailable(answer.text)
            if answer.status_code != HTTPStatus.OK:
                raise ValueError(f"GET {path}: {answer.status_code} {answer.text}")
            page = answer.json()
            value += page["value"]
            if "nextLink" not in page:
                return value
            query = parse_qs(urlsplit(page["nextLink"]).query)

    def _not_over(self) -> list[str]:
        """Return everything that is not over, or that Kiln still answers 503."""
        try:
            return list(self._going())
        except Unavailable as answer:
            return [f"Kiln answers 503: {answer}"]

    def _going(self) -> Iterator[str]:
        """Yield every submission, run and orchestration that is not over."""
        for name, item in self._listed().items():
            if (state := item["properties"]["provisioningState"]) not in SETTLED:
                yield f"{name} is {state}"
            for run in self._runs(name):
                if (state := run["properties"]["runState"]) not in FINAL:
                    yield f"run {run['name']} of {name} is {state}"
        for instance, name, status, _ in self._instances():
            if status not in {"Completed", "Failed", "Terminated"}:
                yield f"{name} {instance} is {status}"

    def _instances(self) -> list[tuple[str, str, str, str]]:
        with self.app._disk() as database:
            found = database.execute("SELECT id, name, status, output FROM instances").fetchall()
        return [(str(instance), str(name), str(status), str(output)) for instance, name, status, output in found]

    def _orchestrations(self) -> Iterator[str]:
        for instance, name, status, output in self._instances():
            excused = status == "Failed" and name in MAY_FAIL and self.reasons.excuse("", output)
            if status != "Completed" and not excused:
                yield f"the orchestration {name} {instance} is {status}: {output}"

    def _differing(self, templates: dict[str, dict[str, Any]]) -> Iterator[str]:
        for name, listed in templates.items():
            if (found := self.app.call("GET", name).json()) != listed:
                yield f"{name} is {found}, and in the list {listed}"

    def _ids(self) -> list[str]:
        found = httpx.get(f"{self.services.http_url}/_local/resources", trust_env=False, timeout=60).json()["resources"]
        return [item["id"] for item in found]

    def _failed(self, templates: dict[str, dict[str, Any]], runs: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
        """Yield failures that tell no true reason, and reasons that are told without a failure."""
        for name, item in templates.items():
            state, error = item["properties"]["provisioningState"], item["properties"].get("provisioningError")
            if (state == "Failed") != bool(error) or not self._excused(name, error):
                yield f"{name} is {state}: {error}"
        for name, run in ((name, run) for name, those in runs.items() for run in those):
            properties = run["properties"]
            state, outputs = properties["runState"], properties.get("outputs", [])
            errors = [error for told in (properties, *outputs) if (error := told.get("error"))]
            failed = state in {"Failed", "PartiallySucceeded"}
            if (state != "Canceled" and failed != bool(errors)) or (failed and not self._excused(name, errors)):
                yield f"run {run['name']} of {name} is {state}: {properties.get('message')} {errors}"

    def _excused(self, name: str, errors: Any) -> bool:
        return not errors or self.reasons.excuse(name, json.dumps(errors))

    def _left(self, runs: list[dict[str, Any]]) -> Iterator[str]:
        """Yield resources that are left and cost something: each must be told as a leftover, and go with a sweep."""
        left = self._costly()
        told = {text.split(": ")[0].lower() for run in runs for text in run["properties"].get("leftovers", [])}
        if untold := [id_ for id_ in left if not self.reasons.refused or id_.lower() not in told]:
            yield f"this is left, and costs something: {untold}"
        if not left:
            return
        self._at_provider("POST", "sweep")
        yield from self._late()
        if still := self._costly():
            yield f"this is left after a sweep: {still}"

    def _costly(self) -> list[str]:
        return [id_ for id_ in self._ids() if id_.lower().split("/")[-2] in COSTLY]

    def _groups(self, templates: dict[str, dict[str, Any]]) -> Iterator[str]:
        """Compare the staging groups with the templates that can have one."""
        groups = {id_.rpartition("/")[2] for id_ in self._ids() if id_.count("/") == 4}
        staged = {name for name in groups if name.startswith("IT_") or name == SHARED_GROUP}
        owned = {
            item["properties"]["exactStagingResourceGroup"].rpartition("/")[2]: name for name, item in templates.items()
        }
        yield from (f"the staging group {group} is nobody's" for group in sorted(staged - set(owned)))
        for name, item in templates.items():
            group = item["properties"]["exactStagingResourceGroup"].rpartition("/")[2]
            if item["properties"]["provisioningState"] == "Succeeded" and group not in staged:
                yield f"{name} has no staging group {group}"

    def _untold(self, runs: list[dict[str, Any]]) -> Iterator[str]:
        """Compare the events that a subscriber has heard with the runs."""
        ended = time.monotonic() + SETTLES_WITHIN
        while wrong := list(self._misplaced(runs)):
            if time.monotonic() > ended:
                yield from wrong
                return
            time.sleep(1.0)

    def _misplaced(self, runs: list[dict[str, Any]]) -> Iterator[str]:
        heard: dict[str, dict[str, dict[str, Any]]] = {}
        for event in self._events():
            heard.setdefault(event["subject"], {})[event["id"]] = event
        for run in runs:
            events = sorted(heard.get(run["name"], {}).values(), key=lambda event: str(event["sequence"]))
            numbers = [event["sequence"] for event in events]
            if numbers != [f"{at:06}" for at in range(1, len(numbers) + 1)]:
                yield f"the events of run {run['name']} are {numbers}"
            last = events[-1]["type"].rpartition(".")[2] if events else None
            if last != run["properties"]["runState"]:
                yield f"run {run['name']} is {run['properties']['runState']}, and its last event is {json.dumps(last)}"

    def _events(self) -> Iterator[dict[str, Any]]:
        """Yield all events that are kept; an answer has a part of them, and the position after these."""
        after = None
        while True:
            page = self._at_provider("GET", "events", **({"after": after} if after else {})).json()
            yield from page["value"]
            if page["after"] == after and not page["value"]:
                return
            after = page["after"]

    def _at_provider(self, method: str, path: str, **query: str) -> httpx.Response:
        url = f"{self.app.address}/subscriptions/{SUBSCRIPTION}/providers/{PROVIDER}/{path}"
        trust = self.app.azure.azurite.certificates.client_context()
        answer = httpx.request(
            method, url, params={**API, **query}, headers=bearer(self.app.azure), verify=trust, timeout=60
        )
        return answer.raise_for_status()


def _end(run: dict[str, Any]) -> str:
    """Return how a run ended, and the code of its error."""
    code = run.get("error", {}).get("code", "")
    return f"{run['runState']} {code}".strip()
