"""Client of Kiln's REST API: Image Builder's operations by azure-mgmt-imagebuilder, Kiln's own by its pipeline.

It owns paths and the parsing of answers, and raises `Failure` alone; it knows neither screens nor commands.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from pydantic import ValidationError

from kiln.cli.connect import connect
from kiln.cli.events import Page
from kiln.cli.explain import api_failure
from kiln.cli.faults import Failure
from kiln.cli.views import Access, LogChunk, RunView, TemplateOutput, TemplateView
from kiln.ids import PROVIDER, TemplateId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from azure.core.rest import HttpResponse

    from kiln.cli.session import Session

API_VERSION = "2025-10-01"


class Api:
    """The API, for one subscription and resource group. Every method raises `Failure`, and nothing else."""

    def __init__(self, session: Session) -> None:
        self._settings = session.settings
        self._group = session.settings.resource_group
        self._client = connect(session.settings, session.environment)
        self._templates = self._client.virtual_machine_image_templates

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except AzureError as error:
            raise api_failure(error, self._settings) from error
        except (ValidationError, KeyError, ValueError) as error:
            raise Failure(f"{self._settings.endpoint} answered something unexpected: {error}") from error

    def submit(self, name: str, body: dict[str, Any], api_version: str = API_VERSION) -> TemplateView:
        """Create or update the template, whose body is of `api_version`, and return it.

        Its submission is probably still under way.
        """
        with self._failures():  # the SDK's own method sends its client's api-version alone
            return TemplateView.parse(
                self._send("PUT", self._url(name), {"api-version": api_version}, body=body).json()
            )

    def start_run(self, name: str) -> None:
        """Start a run; it is recorded when this returns, and continues by itself."""
        with self._failures():
            self._templates.begin_run(self._group, name, polling=False)

    def retry(self, name: str, run_id: str) -> None:
        """Start a run that goes on from what an earlier run made; it is recorded when this returns."""
        with self._failures():
            self._send("POST", self._url(name, "runs", run_id, "retry"))

    def cancel(self, name: str) -> None:
        """Cancel the template's run; it ends some time later."""
        with self._failures():
            self._templates.begin_cancel(self._group, name, polling=False)

    def delete(self, name: str) -> None:
        """Delete the template and its staging resource group, and wait until both are gone."""
        with self._failures():
            self._templates.begin_delete(self._group, name).result()

    def template(self, name: str) -> dict[str, Any]:
        """Return the template's resource."""
        with self._failures():
            return self._templates.get(self._group, name).as_dict()

    def template_view(self, name: str) -> TemplateView:
        """Return the template's view: the properties that the command shows."""
        resource = self.template(name)
        with self._failures():
            return TemplateView.parse(resource)

    def templates(self) -> list[TemplateView]:
        """Return the resource group's templates by name."""
        with self._failures():
            listed = self._templates.list_by_resource_group(self._group)
            return sorted((TemplateView.parse(item.as_dict()) for item in listed), key=lambda item: item.name.lower())

    def outputs(self, name: str) -> list[TemplateOutput]:
        """Return the template's latest outputs."""
        with self._failures():
            listed = self._templates.list_run_outputs(self._group, name)
            return [TemplateOutput.parse(item.as_dict()) for item in listed]

    def runs(self, name: str) -> list[RunView]:
        """Return the template's runs, oldest first; the API lists the newest first."""
        with self._failures():
            newest_first = [RunView.parse(item) for item in self._all(self._url(name, "runs"))]
            return newest_first[::-1]

    def latest_run(self, name: str) -> RunView | None:
        """Return the template's latest run, or None if it never ran."""
        runs = self.runs(name)
        return runs[-1] if runs else None

    def run_resource(self, name: str, run_id: str) -> dict[str, Any]:
        """Return a run's resource as the API sends it."""
        with self._failures():
            answer: dict[str, Any] = self._send("GET", self._url(name, "runs", run_id)).json()
            return answer

    def run(self, name: str, run_id: str) -> RunView:
        """Return a run."""
        resource = self.run_resource(name, run_id)
        with self._failures():
            return RunView.parse(resource)

    def log(self, name: str, run_id: str, which: str, offset: int) -> LogChunk:
        """Return the part of a run's log from `offset` (bytes) on; `which` is customization or validation."""
        with self._failures():
            # As a stream, or azure-core would decode the text, and fail at a character that two answers share.
            answer = self._send(
                "GET", self._url(name, "runs", run_id, "log"), {"name": which, "offset": str(offset)}, stream=True
            )
            return LogChunk(
                content=answer.read(),
                next_offset=int(answer.headers["x-kiln-next-offset"]),
                run_state=answer.headers["x-kiln-run-state"],
            )

    def access(self, name: str, output: str) -> Access:
        """Return time-limited access to an output's blob."""
        with self._failures():
            return Access.model_validate(self._send("POST", self._url(name, "runOutputs", output, "getAccess")).json())

    def triggers(self, name: str) -> list[dict[str, Any]]:
        """Return the template's triggers, as the API sends them."""
        with self._failures():
            return self._all(self._url(name, "triggers"))

    def trigger(self, name: str, trigger: str) -> dict[str, Any]:
        """Return a trigger, as the API sends it."""
        with self._failures():
            answer: dict[str, Any] = self._send("GET", self._url(name, "triggers", trigger)).json()
            return answer

    def put_trigger(self, name: str, trigger: str, body: dict[str, Any]) -> dict[str, Any]:
        """Store a trigger of whatever kind, and return it as stored."""
        with self._failures():
            answer: dict[str, Any] = self._send("PUT", self._url(name, "triggers", trigger), body=body).json()
            return answer

    def delete_trigger(self, name: str, trigger: str) -> None:
        """Remove a trigger; it may be gone already."""
        with self._failures():
            self._send("DELETE", self._url(name, "triggers", trigger))

    def events(self, after: str | None) -> Page:
        """Return the subscription's events after a position: None for all that are kept, `latest` for new ones only."""
        with self._failures():
            query = {"after": after} if after else {}
            return Page.model_validate(self._send("GET", self._provider("events"), query).json())

    def graph(self, *, whole: bool) -> dict[str, Any]:
        """Return the graph of the images of the resource group, or of the `whole` subscription."""
        with self._failures():
            group = None if whole else self._group
            answer: dict[str, Any] = self._send("GET", self._provider("imageGraph", group)).json()
            return answer

    def sweep(self) -> None:
        """Start a sweep; it continues by itself."""
        with self._failures():
            self._send("POST", self._provider("sweep"))

    def health(self, query: dict[str, str]) -> dict[str, Any]:
        """Return the health that an examination found, or, while it is under way, the query to ask with next.

        A query has `after` in it.
        """
        with self._failures():
            answer = self._send("GET", self._provider("health"), query)
            if answer.status_code != HTTPStatus.ACCEPTED:
                found: dict[str, Any] = answer.json()
                return found
            asked = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
            return {name: asked[name] for name in ("after", "sweep") if name in asked}

    def _provider(self, what: str, group: str | None = None) -> str:
        scope = f"/subscriptions/{self._settings.subscription}" + (f"/resourceGroups/{group}" if group else "")
        return f"{self._settings.endpoint}{scope}/providers/{PROVIDER}/{what}"

    def _all(self, url: str) -> list[dict[str, Any]]:
        """Return the items of all pages."""
        page = self._send("GET", url).json()
        items = list(page["value"])
        while page.get("nextLink"):
            page = self._send("GET", page["nextLink"]).json()
            items += page["value"]
        return items

    def _url(self, name: str, *parts: str) -> str:
        template = TemplateId(subscription=self._settings.subscription, group=self._group, name=quote(name, safe=""))
        path = "/".join([template.arm, *(quote(part, safe="") for part in parts)])
        return f"{self._settings.endpoint}{path}"

    def _send(
        self, method: str, url: str, params: dict[str, str] | None = None, *, body: Any = None, stream: bool = False
    ) -> HttpResponse:
        version = {} if "api-version=" in url else {"api-version": API_VERSION}  # a nextLink is complete
        query = {name: quote(value, safe="") for name, value in (params or {}).items()}  # HttpRequest does not quote
        request = HttpRequest(method, url, params={**version, **query}, json=body)
        response = self._client.send_request(request, stream=stream)
        if stream and response.status_code >= HTTPStatus.BAD_REQUEST:
            response.read()  # so that the failure can quote the error
        response.raise_for_status()
        return response
