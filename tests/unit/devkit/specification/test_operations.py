from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from devkit.specification.documents import Documents
from devkit.specification.operations import Operations, namespace_of

if TYPE_CHECKING:
    from pathlib import Path

PATHS = {
    "/subscriptions/{s}/providers/A.B/things": "List",
    "/subscriptions/{s}/providers/A.B/things/{name}": "Get",
    "/subscriptions/{s}/providers/A.B/things/default": "GetDefault",
    "/{scope}/providers/A.B/notes/{note}": "GetNote",
}
ANYTHING = "/subscriptions/{s}/providers/{resourceProviderNamespace}/{resourceType}/{name}"
MANAGER = {"/{resourceId}": "GetById", ANYTHING: "GetAny", "/subscriptions/{s}/providers/{namespace}": "GetProvider"}


@pytest.fixture
def operations(tmp_path: Path) -> Operations:
    for namespace, paths in (("A.B", PATHS), ("Microsoft.Resources", MANAGER)):
        folder = tmp_path / "specification" / "any" / "resource-manager" / namespace / "stable" / "1"
        folder.mkdir(parents=True)
        document = {"paths": {path: {"get": {"operationId": name}} for path, name in paths.items()}}
        (folder / "a.json").write_text(json.dumps(document))
        (folder / "examples").mkdir()
        (folder / "examples" / "get.json").write_text("{}")
    return Operations(Documents(tmp_path))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/subscriptions/1/providers/A.B/things", "List"),
        ("/subscriptions/1/providers/a.b/THINGS/one", "Get"),
        ("/subscriptions/1/providers/A.B/things/default", "GetDefault"),
        ("/subscriptions/1/resourceGroups/g/providers/C.D/x/y/providers/A.B/notes/n", "GetNote"),
        ("/subscriptions/1/providers/A.B", "GetProvider"),
        ("/subscriptions/1/providers/A.B/others/one", None),
        ("/subscriptions/1/providers/A.B/things/one/more", None),
    ],
)
def test_the_most_specific_path_of_the_provider_wins(operations: Operations, path: str, name: str | None) -> None:
    found = operations.find("GET", path, "1")
    assert (found[0].name if found else None) == name


def test_another_method_or_version_is_not_found(operations: Operations) -> None:
    assert operations.find("PUT", "/subscriptions/1/providers/A.B/things/one", "1") is None
    assert operations.find("GET", "/subscriptions/1/providers/A.B/things/one", "2") is None
    assert operations.documents.versions("a.b") == ["1"]


def test_a_path_belongs_to_the_last_provider_that_it_names() -> None:
    assert namespace_of("/subscriptions/1/resourceGroups/g") == "Microsoft.Resources"
    assert namespace_of("/subscriptions/1/providers/A.B/x/y/providers/C.D/z") == "C.D"
