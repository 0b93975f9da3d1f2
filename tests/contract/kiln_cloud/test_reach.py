"""Reach that was narrowed while templates stay: names outside of it are refused, and not even looked up in Azure."""

from __future__ import annotations

import contextlib
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from activities import plan as plans
from activities import submission
from kiln.errors import TemplateRefused, provisioning_code
from kiln.ids import RunRef, SubmissionRef, TemplateId
from kiln.runs.new_run import new_run
from kiln.runs.record import TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.app_settings import set_settings
from tests.contract.kiln_cloud.building import DEBIAN, body_with
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers"
IMAGE = f"{PROVIDERS}/Microsoft.Compute/galleries/gallery/images/hello"
NETWORKS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks"
NAMED: dict[str, dict[str, Any]] = {
    "properties.source.imageVersionId": {
        "source": {"type": "SharedImageVersion", "imageVersionId": f"{IMAGE}/versions/latest"}
    },
    "properties.source.imageId": {
        "source": {"type": "ManagedImage", "imageId": f"{PROVIDERS}/Microsoft.Compute/images/base"}
    },
    "properties.distribute[0].galleryImageId": {
        "distribute": [{"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": IMAGE}]
    },
    "properties.distribute[0].imageId": {
        "distribute": [
            {
                "type": "ManagedImage",
                "runOutputName": "managed",
                "imageId": f"{PROVIDERS}/Microsoft.Compute/images/new",
                "location": "westeurope",
            }
        ]
    },
    "properties.distribute[0].uri": {
        "distribute": [{"type": "VHD", "runOutputName": "vhd", "uri": "https://payroll.blob.core.windows.net/vhds"}]
    },
    "properties.vmProfile.vnetConfig.subnetId": {
        "vmProfile": {"vnetConfig": {"subnetId": f"{NETWORKS}/vnet-builds/subnets/builds"}}
    },
    "properties.vmProfile.userAssignedIdentities[0]": {
        "vmProfile": {
            "userAssignedIdentities": [f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/builder"]
        }
    },
    "properties.stagingResourceGroup": {
        "stagingResourceGroup": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network"
    },
}
"""Properties that name something which exists in the local Azure, with their values."""


REGIONS = f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.compute"


EVERYWHERE = ("/publishers/", "/usages", "/skus")
"""Parts of paths of the marketplace, of quotas and of machine sizes."""


@pytest.fixture
def asked(settings: InProcessAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that Kiln asks Azure for, but for tokens, the marketplace, and what a subscription has everywhere."""
    paths: list[str] = []
    before = settings.server.observer

    def observe(method: str, target: str, *rest: Any) -> None:
        path = target.partition("?")[0].lower()
        if path not in {"/msi/token", REGIONS} and not any(
            word in path for word in ("/publishers/", "/usages", "/skus")
        ):
            paths.append(path)
        if before is not None:
            before(method, target, *rest)

    monkeypatch.setattr(settings.server, "observer", observe)
    yield paths
    settings.server.observer = before


def stored(**properties: Any) -> tuple[SubmissionRef, RunRef]:
    """Store a template as its PUT does, and a run of it."""
    template = TemplateId(subscription=SUBSCRIPTION, group="team", name=f"t-{uuid.uuid4().hex[:10]}")
    given = str(properties.get("stagingResourceGroup", "")).rpartition("/")[2]
    record = TemplateRecord(
        id=template,
        body=body_with(**properties),
        created=NOW,
        changed=NOW,
        staging_group=given or f"IT_{template.name}",
        staging_given=bool(given),
    )
    Templates().create(record)
    run = new_run(record, NOW, uuid.uuid4().hex[:8])
    Runs().create(run)
    return SubmissionRef(template=template, made=NOW, version=1), RunRef(template=template, run_id=run.run_id)


@pytest.mark.parametrize("path", NAMED)
def test_what_is_out_of_reach_is_refused_before_azure_is_asked(
    path: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(monkeypatch, KILN_REACH=json.dumps([{"templates": "/", "resources": ["/subscriptions/other"]}]))
    ref, run = stored(**NAMED[path])

    with pytest.raises(TemplateRefused) as checked:
        submission.check_template(ref)
    with pytest.raises(TemplateRefused) as planned:
        plans.make_plan(run)

    for refused in (checked.value.detail, planned.value.detail):
        assert [detail.target for detail in refused.details] == [path]
        assert "KILN_REACH" in refused.details[0].message
    assert asked == []


@pytest.mark.parametrize("path", [path for path in NAMED if path.partition("[0].")[2] not in {"imageId", "uri"}])
def test_what_is_in_reach_is_asked_for(path: str, asked: list[str]) -> None:
    """The test above could fail: with the local settings, the same look-ups are made at submission."""
    ref, _ = stored(**NAMED[path])

    with contextlib.suppress(TemplateRefused):  # not everything named exists, or fits
        submission.check_template(ref)

    assert asked


def test_a_refusal_has_image_builders_code(monkeypatch: pytest.MonkeyPatch) -> None:
    ref, _ = stored(source=DEBIAN, **NAMED["properties.distribute[0].galleryImageId"])
    set_settings(monkeypatch, KILN_REACH=None)

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)

    assert provisioning_code(caught.value.detail) == "BadSharedImageDistribute"


def test_a_template_that_names_nothing_needs_no_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_REACH=None)
    ref, run = stored()

    assert submission.check_template(ref).group.name.startswith("IT_")
    assert plans.make_plan(run).machine is not None
