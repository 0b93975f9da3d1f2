"""`kiln import` between two terminals: from Image Builder's templates of the local Azure into files, and into Kiln."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import httpx

from devkit.azure.cloud_ids import SUBSCRIPTION_ID
from tests.e2e.local_kiln import ANY_PORTS, kiln, local_kiln

TEMPLATES = (
    f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-images/providers/Microsoft.VirtualMachineImages/imageTemplates"
)
EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-linux.json"


def put(azure: str, ca: str, path: str, body: Any) -> None:
    headers, query = {"Authorization": "Bearer anybody"}, {"api-version": "2025-10-01"}
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False) as client:
        client.put(f"{azure}{TEMPLATES}/{path}", json=body, headers=headers, params=query).raise_for_status()


def test_templates_of_image_builder_come_into_files_and_into_kiln_with_their_triggers(tmp_path: Path) -> None:
    body = json.loads(EXAMPLE.read_text())
    follows = {**body, "properties": {**body["properties"], "distribute": body["properties"]["distribute"][:1]}}
    with local_kiln(tmp_path / "data", *ANY_PORTS) as local:
        api, azure = local.ready(), local.endpoints()["azure"]
        ca = local.endpoints()["ca"]
        put(azure, ca, "hello", {name: value for name, value in follows.items() if name != "$schema"})
        put(azure, ca, "hello/triggers/follow", {"properties": {"kind": "SourceImage"}})

        looked = kiln("import", "--arm-endpoint", azure)
        assert (looked.returncode, "hello  Succeeded  1 " in looked.stdout) == (0, True), looked.stderr

        written = kiln("import", "--arm-endpoint", azure, "--to", tmp_path / "files")
        assert written.returncode == 0, written.stderr
        assert sorted(file.name for file in (tmp_path / "files").iterdir()) == [
            "hello.follow.trigger.json",
            "hello.json",
        ]
        assert kiln("validate", tmp_path / "files" / "hello.json").returncode == 0

        sent = kiln("import", "--arm-endpoint", azure, "--submit", "--endpoint", api)
        assert (sent.returncode, "submitted  hello, with its trigger follow" in sent.stdout) == (0, True), sent.stdout
        assert "hello" in kiln("list", "--endpoint", api).stdout
        assert "SourceImage" in kiln("trigger", "list", "hello", "--endpoint", api).stdout

        again = kiln("import", "--arm-endpoint", azure, "--submit", "--endpoint", api)
        assert (again.returncode, "unchanged  hello, with its trigger follow" in again.stdout) == (0, True), (
            again.stdout
        )
