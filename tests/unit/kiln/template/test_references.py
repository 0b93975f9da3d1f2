from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiln.ids import TemplateId
from kiln.template.parse import parse_template
from kiln.template.references import check_references
from tests.unit.kiln.template.bodies import BODY, BUILDER, GALLERY_IMAGE, changed

if TYPE_CHECKING:
    from kiln.errors import Problem

OWN = TemplateId(subscription="00000000-0000-0000-0000-000000000001", group="rg-templates", name="web")
GROUP = f"/subscriptions/{OWN.subscription}/resourceGroups"
IMAGE = f"{GROUP}/rg-images/providers/Microsoft.Compute/images/base"


def problems(path: str, value: Any, own: TemplateId | None = OWN) -> dict[str, Problem]:
    """Return the problems with the names in a changed body, by path."""
    return {problem.path: problem for problem in check_references(parse_template(changed(path, value)), own)}


def test_a_good_template_names_nothing_wrong() -> None:
    assert check_references(parse_template(BODY), OWN) == ()


@pytest.mark.parametrize(
    ("path", "value", "where", "said", "code"),
    [
        ("properties.distribute.0.galleryImageId", "gallery", ".galleryImageId", "/images", "BadSharedImageDistribute"),
        (
            "properties.distribute.0.galleryImageId",
            f"{GALLERY_IMAGE}/versions/latest",
            ".galleryImageId",
            "MAJOR.MINOR.PATCH",
            "BadSharedImageDistribute",
        ),
        (
            "properties.distribute.0.targetRegions",
            [{"name": "westeurope"}, {"name": "West Europe"}],
            ".targetRegions",
            "westeurope is named twice",
            "BadSharedImageDistribute",
        ),
        (
            "properties.distribute.0.targetRegions",
            [{"name": "1_location"}],
            ".targetRegions[0].name",
            "an Azure region",
            "BadSharedImageDistribute",
        ),
        (
            "properties.distribute.1.uri",
            "https://account.blob.core.windows.net/",
            "[1].uri",
            "not of an account",
            "Other",
        ),
        (
            "properties.distribute.1.uri",
            "https://kiln0123456789abcdef0123.blob.core.windows.net/vhds/x.vhd",
            "[1].uri",
            "a storage account of your own",
            "Other",
        ),
        ("properties.distribute.1.uri", "disk.vhd", "[1].uri", "a URL that begins with https or http", "Other"),
        ("properties.distribute", [], "properties.distribute", "at least one", "BadDistributeType"),
        (
            "properties.source",
            {"type": "SharedImageVersion", "imageVersionId": GALLERY_IMAGE},
            "properties.source.imageVersionId",
            "/versions",
            "BadSharedImageVersionSource",
        ),
        (
            "properties.source",
            {"type": "ManagedImage", "imageId": "base"},
            "properties.source.imageId",
            "a Microsoft.Compute/images",
            "BadManagedImageSource",
        ),
        (
            "properties.source",
            {"type": "ManagedImage", "imageId": IMAGE.replace("01/", "02/")},
            "properties.source.imageId",
            "own subscription",
            "BadManagedImageSource",
        ),
        ("properties.stagingResourceGroup", "name", "Group", "a resource group", "BadStagingResourceGroup"),
        (
            "properties.stagingResourceGroup",
            f"{GROUP}/stage".replace("01/", "02/"),
            "Group",
            "own subscription",
            "BadStagingResourceGroup",
        ),
        ("properties.stagingResourceGroup", f"{GROUP}/RG-Templates", "Group", "empty", "BadStagingResourceGroup"),
        ("properties.stagingResourceGroup", f"{GROUP}/end.", "Group", "1 to 90", "BadStagingResourceGroup"),
        ("properties.customize.1.sha256Checksum", "ABC", "[1].sha256Checksum", "64 hexadecimal", "Other"),
        ("properties.customize.1.sourceUri", "file:///etc/passwd", "[1].sourceUri", "https or http or data", "Other"),
        ("properties.customize.1.sourceUri", "https:///motd", "[1].sourceUri", "a host", "Other"),
        ("properties.customize.1.sourceUri", "https://a:b/motd", "[1].sourceUri", "a port", "Other"),
        ("properties.customize.1.sourceUri", "https://a/b c", "[1].sourceUri", "a URL", "Other"),
        ("properties.customize.1.sourceUri", "data:text/plain", "[1].sourceUri", "a URL", "Other"),
        ("properties.customize.1.destination", "motd", "[1].destination", "absolute path", "Other"),
        ("properties.customize.1.destination", "/tmp/", "[1].destination", "absolute path", "Other"),
        ("properties.customize.1.destination", "/tmp/../etc/motd", "[1].destination", "without '..'", "Other"),
        ("properties.customize.1.destination", "c:\\..\\motd", "[1].destination", "without '..'", "Other"),
        ("properties.customize.0", {"type": "WindowsRestart", "restartTimeout": "5"}, "Timeout", "5m", "Other"),
        ("properties.vmProfile.vnetConfig", {"subnetId": "subnet"}, ".subnetId", "/subnets", "Other"),
        ("properties.vmProfile.userAssignedIdentities", ["me"], "Identities[0]", "userAssignedIdentities", "Other"),
        ("identity.userAssignedIdentities", {"me": {}}, "Identities.me", "userAssignedIdentities", "Other"),
        ("identity.userAssignedIdentities", {}, "Identities", "expected one", "Other"),
        ("identity.type", "None", "Identities", "expected none", "Other"),
        ("location", "west_europe", "location", "an Azure region", "Other"),
    ],
)
def test_each_reference_says_what_was_expected(path: str, value: Any, where: str, said: str, code: str) -> None:
    (problem,) = problems(path, value).values()
    assert problem.path.endswith(where)
    assert said in problem.message
    assert problem.code == code
    assert problem.source is not None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties.distribute.0.galleryImageId", f"{GALLERY_IMAGE}/Versions/1.2.3"),
        ("properties.distribute.0.galleryImageId", GALLERY_IMAGE.upper()),
        ("properties.distribute.1.uri", ""),
        ("properties.distribute.1.uri", "https://account.blob.core.windows.net/vhds/web.vhd"),
        ("properties.source", {"type": "ManagedImage", "imageId": IMAGE}),
        ("properties.source", {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY_IMAGE}/versions/latest"}),
        ("properties.stagingResourceGroup", ""),
        ("properties.stagingResourceGroup", f"{GROUP}/stage"),
        ("properties.customize.1.sha256Checksum", "a" * 64),
        ("properties.customize.1.sha256Checksum", "A1b2" * 16),
        ("properties.customize.1.sourceUri", "data:,hello"),
        ("properties.customize.1.sourceUri", "https://account.blob.core.windows.net/files/motd?sv=1&sig=x%3D"),
        ("properties.customize.1.destination", "/etc/motd"),
        ("properties.customize.1.destination", "C:\\build..artifacts\\index.html"),
        ("properties.customize.1.destination", "c:/a..b/index.html"),
        ("properties.customize.0", {"type": "WindowsRestart", "restartTimeout": ""}),
        ("properties.vmProfile.vnetConfig", {"subnetId": ""}),
        ("identity", {"type": "None"}),
        ("identity.userAssignedIdentities", {BUILDER.lower(): {}}),
        ("location", "West Europe"),
    ],
)
def test_what_azure_takes_is_taken(path: str, value: Any) -> None:
    assert problems(path, value) == {}


def test_without_the_templates_id_no_rule_about_its_subscription_is_checked() -> None:
    elsewhere = {"type": "ManagedImage", "imageId": IMAGE.replace("01/", "02/")}
    assert problems("properties.source", elsewhere, own=None) == {}


def test_a_template_that_only_validates_its_source_needs_no_target() -> None:
    body = changed("properties.distribute", [])
    body["properties"]["validate"] = {"sourceValidationOnly": True}
    assert check_references(parse_template(body)) == ()
