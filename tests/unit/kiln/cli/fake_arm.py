"""Azure Resource Manager in memory, with Image Builder's templates and triggers, below azure-mgmt-imagebuilder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from requests.adapters import BaseAdapter

from tests.unit.kiln.cli.fake_kiln import TEMPLATES, Answer, refusal, respond

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

ENDPOINT = "https://management.azure.com"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@dataclass
class FakeArm(BaseAdapter):
    """The fake; `templates` are whatever its list has, `triggers` those of a template by its name."""

    templates: list[Any] = field(default_factory=list)
    triggers: dict[str, list[Any]] = field(default_factory=dict)
    overrides: dict[str, Answer | Exception] = field(default_factory=dict)
    """Other answers, by what is behind imageTemplates in a path: `web/triggers`, or nothing for a list."""
    page: int = 2
    next_at: str = ENDPOINT
    sent: list[PreparedRequest] = field(default_factory=list)

    def send(self, request: PreparedRequest, *_positional: Any, **_options: Any) -> Response:
        url = urlsplit(str(request.url))
        self.sent.append(request)
        assert request.method == "GET", "nothing is changed in Azure"
        before, _, below = url.path.partition("/imageTemplates")
        override = self.overrides.get(below.strip("/"))
        if isinstance(override, Exception):
            raise override
        skip = int(parse_qs(url.query).get("$skiptoken", ["0"])[0])
        return respond(request, override or self._answer(url.path, before, below.strip("/"), skip))

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _answer(self, path: str, group: str, below: str, skip: int) -> Answer:
        if below.endswith("/triggers"):
            return Answer(200, {"value": self.triggers.get(below.removesuffix("/triggers"), [])})
        if below:
            wanted = [item for item in self.templates if item["name"] == below]
            return Answer(200, wanted[0]) if wanted else refusal(404, "ResourceNotFound", f"There is no {below}.")
        is_group = "/resourceGroups/" in path
        found = [
            item for item in self.templates if not is_group or (isinstance(item, dict) and item["id"].startswith(group))
        ]
        page: dict[str, Any] = {"value": found[skip : skip + self.page]}
        if skip + self.page < len(found):
            page["nextLink"] = f"{self.next_at}{path}?api-version=2025-10-01&$skiptoken={skip + self.page}"
        return Answer(200, page)


def template(name: str, group: str = "rg-images", **properties: Any) -> dict[str, Any]:
    """Return a template as Azure answers it."""
    arm_id = f"{TEMPLATES.replace('rg-images', group)}/{name}"
    identity = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/b"
    )
    gallery = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/{name}"
    source = {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
    return {
        "id": arm_id,
        "name": name,
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "location": "westeurope",
        "systemData": {"createdBy": "somebody"},
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {identity: {"principalId": "p", "clientId": "c"}},
        },
        "properties": {
            "source": {**source, "version": "latest", "exactVersion": "24.04.202510010"},
            "distribute": [{"type": "SharedImage", "runOutputName": "out", "galleryImageId": gallery}],
            "vmProfile": {"vmSize": "Standard_D4s_v5", "osDiskSizeGB": 0},
            "provisioningState": "Succeeded",
            "lastRunStatus": {"runState": "Succeeded", "startTime": "2026-01-01T00:00:00Z"},
            "exactStagingResourceGroup": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/IT_rg_{name}",
            **properties,
        },
    }


def follow(name: str = "follow") -> dict[str, Any]:
    """Return a SourceImage trigger as Azure answers it."""
    status = {"code": "Healthy", "message": "Trigger is active.", "time": "2026-01-01T00:00:00Z"}
    properties = {"kind": "SourceImage", "status": status, "provisioningState": "Succeeded"}
    return {"id": f"x/triggers/{name}", "name": name, "type": "t", "properties": properties}
