"""The HTTP response that is made of an HTTP function's return value.

It owns the way from a return value through the worker's converter and the host (azure-functions-host `HttpBinding`
and `RawScriptResult`) to Kestrel; it must not know of requests.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.host import sdk

if TYPE_CHECKING:
    from collections.abc import Mapping

_WITHOUT_BODY = (204, 205, 304)
_FIELD = re.compile(r"[\t\x20-\x7e]*")
_LIKE_JSON = re.compile(r"""\s*[{\["'/]""")


def response(value: Any) -> web.Response:
    """Return the response; TypeError or ValueError for a value that the worker, the host or Kestrel does not take."""
    datum = sdk.encode_http_response(value)
    return _text(datum.value) if datum.type == "string" else _described(datum.value)


def _text(value: str) -> web.Response:
    """Answer a returned text, which the host reads as JSON if it can, and as a description of a response if it may.

    `HttpBinding.CreateResult` does so with Newtonsoft.Json, which takes more than JSON. Such a text is refused, as
    Newtonsoft's reading of it is not modelled.
    """
    if _LIKE_JSON.match(value) or _is_json(value):
        raise ValueError(
            "the Functions host parses a returned str as JSON, and may take it for a description of a response;"
            " the local one sends no such text: return an HttpResponse"
        )
    return web.Response(text=value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _described(described: Mapping[str, Any]) -> web.Response:
    status, body = int(described["status_code"].value), described["body"].value
    if body and status in _WITHOUT_BODY:  # Kestrel throws: "responses with status code 204" can have none
        raise ValueError(f"an answer with the status {status} has no body")
    answer = web.Response(status=status, body=body)
    for name, header in described["headers"].items():
        if name not in answer.headers:  # the host drops a header that is there already, in any case
            answer.headers.add(name, _field(header.value))
    for cookie in described["cookies"] or ():
        for morsel in cookie.values():
            answer.headers.add("Set-Cookie", _field(morsel.OutputString()))
    return answer


def _field(value: str) -> str:
    """Return a header's value, if Kestrel sends it: ASCII without controls (dotnet/aspnetcore `HttpCharacters`)."""
    if not _FIELD.fullmatch(value):
        raise ValueError(f"{value!r} is no value of a header: ASCII without control characters")
    return value
