"""One request and its answer, as they went over the wire, decoded.

It owns decoding; it must not know specifications. What only authenticates a request is not in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotJson(ValueError):
    """A body that had to be JSON and is not."""


@dataclass(frozen=True)
class Exchange:
    """One exchange: `target` is the path with its query; bodies are JSON values, None where there was none."""

    method: str
    target: str
    status: int
    request: Any = field(default=None, repr=False)
    answer: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The answer's headers, their names in lower case."""

    @staticmethod
    def decoded(
        method: str, target: str, status: int, *, request: bytes, answer: bytes, headers: Mapping[str, str]
    ) -> Exchange:
        """Make an exchange from raw bodies. Raises NotJson for a JSON answer that is none."""
        lowered = {name.lower(): value for name, value in headers.items()}
        return Exchange(method.upper(), target, status, _sent(request), _answered(answer, lowered), lowered)

    @property
    def path(self) -> str:
        """The path without its query, decoded, with single slashes and none at its end."""
        return "/" + "/".join(part for part in unquote(urlsplit(self.target).path).split("/") if part)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def api_version(self) -> str:
        """The api-version asked for, empty if none."""
        return next((value for name, value in self.query.items() if name.lower() == "api-version"), "")

    def __str__(self) -> str:
        return f"{self.method} {self.path} (api-version {self.api_version or 'missing'}) {self.status}"


def _sent(raw: bytes) -> Any:
    """Decode a request's body; one that is no JSON is nobody's to judge, as it was refused or is not ARM's."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _answered(raw: bytes, headers: Mapping[str, str]) -> Any:
    if not raw:
        return None
    if "json" not in headers.get("content-type", "json"):
        return raw.decode(errors="replace")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise NotJson(f"an answer says that it is JSON and is not: {error}") from error
