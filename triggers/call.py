"""One request, read and checked: the ids in its path, its api-version, its body, and the URLs that answers point to.

It owns every rule of Resource Manager that holds for all routes alike; it knows nothing of templates and runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from kiln.config import config
from kiln.errors import RequestInvalid, RequestTooLarge, ResourceNotFound
from kiln.ids import TemplateId, group_id
from kiln.runs.naming import RUN_ID
from kiln.template.versions import LATEST, check_api_version
from triggers.body import decode
from triggers.refusals import LengthRequired, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import azure.functions as func

    from kiln.access.claims import Caller
    from kiln.access.gate import Gate
    from kiln.lifecycle.orchestrations import Orchestrations

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes; Resource Manager takes no more either (Microsoft's "Azure Resource Manager limits")."""

_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]")
_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9\-_.]{1,64}")
_JSON_TYPES = re.compile(r"(application|text)/([\w.+-]+\+)?json", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_UUID = _SUBSCRIPTION
_DIGITS = 15
"""The largest whole number in a query: more than any blob has bytes."""
_PATH = "/%:@!$&'()*+,;=~"
"""Characters that stay as they are in a URL's path; `%`, too, as a path may come quoted from a URL."""


@dataclass(frozen=True)
class Call:
    """A request that Resource Manager's common rules allow, by `caller`, whom `gate` let in (None: nobody known)."""

    route: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    method: str
    origin: str
    path: str
    api_version: str
    now: datetime
    orchestrations: Orchestrations
    caller: Caller | None = None
    gate: Gate | None = None

    @staticmethod
    def read(
        request: func.HttpRequest,
        orchestrations: Orchestrations,
        now: datetime,
        caller: Caller | None = None,
        gate: Gate | None = None,
    ) -> Call:
        """Return the call that `request` makes.

        Raises `RequestInvalid` for an unsupported api-version, and `LengthRequired` when its body was lost on the way.
        """
        query = {name.lower(): value for name, value in request.params.items()}
        if "Transfer-Encoding" in request.headers and not request.get_body():
            raise LengthRequired
        return Call(
            route=request.route_params,
            query=query,
            headers=request.headers,
            body=request.get_body(),
            method=request.method,
            origin=_origin(request.url, request.headers),
            path=urlsplit(request.url).path,
            api_version=_api_version(query.get("api-version")),
            now=now,
            orchestrations=orchestrations,
            caller=caller,
            gate=gate,
        )

    def may(self, action: str, scope: str) -> bool:
        """Whether the caller may do `action` at a scope (an ARM id) and below."""
        return self.caller is not None and self.gate is not None and self.gate.may(self.caller, action, scope)

    def may_read(self, template: TemplateId) -> bool:
        """Whether the caller may read a template."""
        return self.may("imageTemplates/read", template.arm)

    @property
    def scope(self) -> str:
        """The ARM id of what the path is about: a template, a resource group, a subscription, or `/` for the tenant."""
        if "name" in self.route:
            return self.template.arm
        if "group" in self.route:
            return group_id(self.subscription, self.group)
        return f"/subscriptions/{self.subscription}" if "subscription" in self.route else "/"

    @property
    def subscription(self) -> str:
        """The subscription in the path."""
        return _matching(self.route["subscription"], _SUBSCRIPTION, "InvalidSubscriptionId", "subscription id")

    @property
    def group(self) -> str:
        """The resource group in the path."""
        name = _matching(self.route["group"], _GROUP, "InvalidResourceGroupName", "resource group name")
        if name.lower().upper() != name.upper():  # the KELVIN SIGN is a k in lower case, by which templates are stored
            raise RequestInvalid(f"{name!r} is not a valid resource group name.", code="InvalidResourceGroupName")
        return name

    @property
    def template(self) -> TemplateId:
        """The image template in the path."""
        name = _matching(self.route["name"], _NAME, "InvalidResourceName", "image template name")
        return TemplateId(subscription=self.subscription, group=self.group, name=name)

    @property
    def trigger_name(self) -> str:
        """The trigger in the path."""
        return _matching(self.route["trigger"], _NAME, "InvalidResourceName", "trigger name")

    @property
    def version(self) -> int:
        """The template's version in the path."""
        return int(_known(self.route["version"], _NUMBER, "version"))

    @property
    def run_id(self) -> str:
        """The run id in the path."""
        return _known(self.route["run"], RUN_ID, "run")

    @property
    def operation_id(self) -> str:
        """The operation id in the path."""
        return _known(self.route["operation"], _UUID, "operation")

    def json(self) -> Any:
        """Return the body's JSON value.

        Raises `RequestInvalid` that tells what and where, `RequestTooLarge`, or `UnsupportedMediaType`.
        """
        media_type = (self.headers.get("Content-Type") or "application/json").split(";")[0].strip()
        if not _JSON_TYPES.fullmatch(media_type):
            raise UnsupportedMediaType(media_type)
        if len(self.body) > BODY_LIMIT:
            raise RequestTooLarge(f"The request's body has {len(self.body)} bytes; {BODY_LIMIT} are the limit.")
        return decode(self.body)

    def optional_json(self) -> Any:
        """Return the body's JSON value as `json` does, or None when there is no body."""
        return self.json() if self.body.strip() else None

    def natural(self, name: str, default: int) -> int:
        """Return a whole number that is not negative from the query. Raises `RequestInvalid`."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            raise RequestInvalid(
                f"The query's {name} is {text[:40]!r}; expected a whole number from 0 to {10**_DIGITS - 1}.",
                code="InvalidParameter",
                target=name,
            )
        return int(text)

    def url(self, path: str) -> str:
        """Return the absolute URL of `path` here, as the client reaches it and with its own api-version."""
        return f"{self.origin}{quote(path, safe=_PATH)}?{urlencode({'api-version': self.api_version})}"

    def next_link(self, token: str) -> str:
        """Return the absolute URL of the page after this one, which `token` names."""
        return f"{self.url(self.path)}&{urlencode({'$skiptoken': token}, safe='$')}"


def _origin(url: str, headers: Mapping[str, str]) -> str:
    """Return the scheme and host for links, which clients will follow with their tokens.

    Anyone can send an X-Forwarded-Host, so it does not count. App Service routes by the Host header, which thus is one
    of the app's own names ("Preserve the original HTTP host name between a reverse proxy and its back-end web
    application"). X-Forwarded-Proto is set by its front end, and can make a link https but never plain.
    """
    if host := config().public_host:
        return f"https://{host}"
    parts = urlsplit(url)
    forwarded = (headers.get("X-Forwarded-Proto") or "").split(",")[0].strip().lower()
    return f"{'https' if forwarded == 'https' else parts.scheme}://{parts.netloc}"


def _api_version(given: str | None) -> str:
    if not given:
        raise RequestInvalid(
            f"The query lacks api-version, which every request needs, such as ?api-version={LATEST}.",
            code="MissingApiVersionParameter",
        )
    return check_api_version(given)


def _matching(value: str, pattern: re.Pattern[str], code: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise RequestInvalid(f"{value!r} is not a valid {what}.", code=code, target=what)
    return value


def _known(value: str, pattern: re.Pattern[str], what: str) -> str:
    """Return an id of a form that Kiln makes. Raises `ResourceNotFound` for any other: it cannot exist."""
    if not pattern.fullmatch(value.lower()):
        raise ResourceNotFound(f"There is no {what} {value!r}.", target=value)
    return value.lower()
