"""An HTTP request as the Python worker gets it from the host.

It owns what becomes of query, headers and body on the way (dotnet/aspnetcore `QueryFeature`, .NET's `StringValues`,
azure-functions-host `GrpcMessageConversionExtensions.ToRpcHttp` for what azure-functions-runtime says it can do); it
must not know of routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.functions.meta import Datum

from devkit.host.paths import escaped, unescaped
from devkit.host.routes import ordinal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp import web


def is_read(request: web.Request, query: str) -> bool:
    """Whether Kestrel takes a request: its query is ASCII without null, its headers are UTF-8 (`HttpUtilities`)."""
    return query.isascii() and "\0" not in query and all(_is_text(value) for value in request.headers.values())


async def request_datum(request: web.Request, path: str, query: str, parameters: Mapping[str, str]) -> Datum:
    """Return a request as the worker decodes it: its `path` decoded, its `query` as it was sent, without `?`."""
    target = f"{escaped(path)}?{query}" if query else escaped(path)
    headers = ((name.lower(), value) for name, value in request.headers.items() if not _is_front_ends(name))
    fields = {
        "method": Datum(request.method, "string"),
        "url": Datum(f"{request.scheme}://{request.host}{target}", "string"),
        "headers": _strings(_joined(headers)),
        # The worker does not say that it knows of empty values (UseNullableValueDictionaryForHttp): they get lost.
        "query": _strings({name: value for name, value in _joined(_pairs(query)).items() if value}),
        "params": _strings(parameters),
        "body": Datum(await _body(request), "bytes"),
    }
    return Datum(fields, "http")


async def _body(request: web.Request) -> bytes:
    """Return the body as the host hands it on: empty where there is no Content-Length, as with chunks.

    That is how `ToRpcHttp` asks; azure-functions-host issue 7930, open, says so too.
    """
    if not request.content_length:
        return b""
    return await request.read()


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    """Read a query as `QueryFeature` does: `+` is a space, white space before a name is dropped."""
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if equals:
            yield unescaped(name.lstrip().replace("+", " ")), unescaped(value.replace("+", " "))


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join the values of each name, in any case, with commas; empty ones are left out (`StringValues.ToString`)."""
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        first = spelled.setdefault(ordinal(name), name)
        values.setdefault(first, []).append(value)
    return {name: ",".join(filter(None, given)) for name, given in values.items()}


def _strings(values: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(value, "string") for name, value in values.items()}


def _is_front_ends(name: str) -> bool:
    """Whether a header is one in which App Service says who has signed in.

    "External requests aren't allowed to set these headers" ("Work with user identities in Azure App Service
    authentication"): App Service removes them from requests. In front of this host there is nothing that would.
    """
    return name.lower().startswith(("x-ms-client-principal", "x-ms-token-"))


def _is_text(value: str) -> bool:
    """Whether a header came as UTF-8, as Kestrel wants it (`HttpUtilities`); aiohttp has other bytes as surrogates."""
    return not any("\udc80" <= letter <= "\udcff" for letter in value)
