"""A small specification that uses every part of the schema language that the check knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from devkit.specification import Exchange, Specifications

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION = "2024-01-01"
OVEN = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Ovens/ovens/one"
_PATH = "/subscriptions/{subscriptionId}/resourceGroups/{group}/providers/Microsoft.Ovens/ovens/{name}"
_RESOURCE = {
    "type": "object",
    "required": ["location"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "location": {"type": "string"},
        "madeAt": {"$ref": "#/definitions/Time", "readOnly": True},
    },
}
_OVEN = {
    "required": ["madeAt"],
    "allOf": [{"$ref": "../../../../base.json#/definitions/Resource"}],
    "properties": {
        "heat": {"type": "integer", "format": "int32", "minimum": 0, "exclusiveMinimum": True},
        "colour": {"type": "string", "enum": ["red", "grey"], "x-ms-enum": {"modelAsString": True}},
        "secret": {"type": "string", "x-ms-secret": True},
        "seed": {"type": "string", "x-ms-mutability": ["create"]},
        "note": {"type": "string", "x-nullable": True},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object"},
        "picture": {"type": "string", "format": "byte"},
        "bricks": {"type": "array", "items": {"$ref": "#/definitions/Brick"}},
    },
}
_DEFINITIONS = {
    "Oven": _OVEN,
    "Time": {"type": "string", "format": "date-time"},
    "Brick": {
        "discriminator": "kind",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}, "size": {"type": "integer"}},
    },
    "ClayBrick": {
        "x-ms-discriminator-value": "Clay",
        "allOf": [{"$ref": "#/definitions/Brick"}],
        "properties": {"origin": {"type": "string"}},
    },
    "Error": {"type": "object", "properties": {"error": {"type": "object"}}},
}
_DEFAULT = {"default": {"schema": {"$ref": "#/definitions/Error"}}}
_SHOWN = {"schema": {"$ref": "#/definitions/Oven"}}
_NAME = {"name": "name", "in": "path", "type": "string", "required": True, "maxLength": 5}
_OPERATIONS = {
    "get": {
        "operationId": "Ovens_Get",
        "parameters": [{"name": "$expand", "in": "query", "type": "string", "enum": ["all"]}],
        "responses": {"200": _SHOWN, **_DEFAULT},
    },
    "put": {
        "operationId": "Ovens_Put",
        "parameters": [{"name": "oven", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Oven"}}],
        "responses": {"200": _SHOWN, "201": _SHOWN, **_DEFAULT},
        "x-ms-long-running-operation": True,
    },
    "post": {"operationId": "Ovens_Keys", "responses": {"200": _SHOWN, **_DEFAULT}},
    "delete": {"operationId": "Ovens_Delete", "responses": {"202": {}, "204": {}, **_DEFAULT}},
    "parameters": [_NAME],
}


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., list[str]]:
    """Check an exchange with the oven: its violations as `where: what`."""
    service = tmp_path / "specification" / "ovens" / "resource-manager"
    folder = service / "Microsoft.Ovens" / "stable" / VERSION
    folder.mkdir(parents=True)
    (tmp_path / "specification" / "base.json").write_text(
        json.dumps({"definitions": {"Resource": _RESOURCE, "Time": _DEFINITIONS["Time"]}})
    )
    file = folder / "ovens.json"
    relative = "../" * 5 + "base.json"
    document = json.dumps({"paths": {_PATH: _OPERATIONS}, "definitions": _DEFINITIONS})
    file.write_text(document.replace("../../../../base.json", relative))
    specifications = Specifications(tmp_path)

    def checked(method: str, status: int, answer: Any = None, **more: Any) -> list[str]:
        target = f"{more.pop('path', OVEN)}?api-version={more.pop('version', VERSION)}{more.pop('query', '')}"
        exchange = Exchange(method, target, status, answer=answer, **more)
        return [f"{violation.where}: {violation.what}" for violation in specifications.check(exchange)]

    return checked
