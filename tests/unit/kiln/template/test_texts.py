"""Texts that Kiln would put into requests of its own, or into a guest: those of another form are refused when sent."""

from __future__ import annotations

import itertools
import re
from typing import Any

import httpx
import pytest

from kiln.errors import Problem, TemplateInvalid
from kiln.template.base import up_to
from kiln.template.overrides import apply_overrides
from kiln.template.parse import parse_template
from kiln.template.patch import parse_patch
from kiln.template.versions import LATEST
from tests.unit.kiln.template.bodies import BODY, GALLERY_IMAGE, changed

IMAGE_ID = GALLERY_IMAGE.split("/galleries/", maxsplit=1)[0] + "/images/web"
MANAGED = {"type": "ManagedImage", "runOutputName": "managed", "imageId": IMAGE_ID, "location": "westeurope"}
SHARED = {"type": "SharedImage", "runOutputName": "shared", "galleryImageId": GALLERY_IMAGE}
PLATFORM = {"type": "PlatformImage", "publisher": "p", "offer": "o", "sku": "s"}
FILE = {"type": "File", "sourceUri": "https://example.com/a", "destination": "/opt/a"}

CLIMBING = ("..", ".", "a/../../b", "/etc/../x", "a/b", "a?b", "a#b", "%2e%2e", "a\\b", "a\n", "")
NO_REGION = (*CLIMBING, "west_europe", "1west", " westeurope", "west-europe", "west\u00e9urope", "a" * 65)
REGIONS = ("westeurope", "West Europe", "East US 2 EUAP")


def refused(body: dict[str, Any]) -> list[Problem]:
    """Return the problems for which a request with this body is refused."""
    try:
        parse_template(body, LATEST)
    except TemplateInvalid as error:
        return list(error.problems)
    return []


def of_targets(*targets: dict[str, Any]) -> dict[str, Any]:
    return changed("properties.distribute", list(targets))


LOCATIONS: dict[str, Any] = {
    "location": lambda name: changed("location", name),
    "properties.distribute[0].location": lambda name: of_targets({**MANAGED, "location": name}),
    "properties.distribute[0].targetRegions[0].name": lambda name: of_targets(
        {**SHARED, "targetRegions": [{"name": name}]}
    ),
    "properties.distribute[0].replicationRegions[0]": lambda name: of_targets({**SHARED, "replicationRegions": [name]}),
}


@pytest.mark.parametrize(("path", "name"), list(itertools.product(LOCATIONS, NO_REGION)))
def test_what_cannot_be_a_regions_name_is_refused_wherever_one_belongs(path: str, name: str) -> None:
    (problem,) = refused(LOCATIONS[path](name))
    assert problem.path == path
    assert "Azure region" in problem.message or "not empty" in problem.message


@pytest.mark.parametrize(
    ("path", "name"), list(itertools.product(LOCATIONS, ("westeurope", "West Europe", "East US 2 EUAP")))
)
def test_a_region_may_be_written_as_people_see_it(path: str, name: str) -> None:
    assert refused(LOCATIONS[path](name)) == []


@pytest.mark.parametrize(("part", "name"), list(itertools.product(("publisher", "offer", "sku", "version"), CLIMBING)))
def test_a_part_of_a_marketplace_image_cannot_become_another_path(part: str, name: str) -> None:
    (problem,) = refused(changed("properties.source", {**PLATFORM, part: name}))
    assert problem.path == f"properties.source.{part}"


@pytest.mark.parametrize("sku", ["22_04-lts-gen2", "2019-Datacenter", "18.04-LTS", "win11-24h2-ent"])
def test_skus_as_they_are_in_the_marketplace_are_taken(sku: str) -> None:
    assert refused(changed("properties.source", {**PLATFORM, "sku": sku, "version": "17763.6189.240811"})) == []


NO_VERSION = (
    "00000000001.0.0",
    "1.0.02147483648",
    "1.0.2147483648",
    "1.0.4294967296",
    "\uff11.0.0",
    "1",
    "1.0",
    "-1.0.0",
    "1.0.0.0",
    "1.0.0\n",
)
VERSIONS = (
    "0.0.1",
    "24.04.202510010",
    "2022.10.03",
    "00.00.0000000001",
    "1.0.0000000000",
    "1.2147483647.10",
    "2026.999999999.1999999999",
    "2147483639.2099999999.2146999999",
)
VERSION_PLACES: dict[str, Any] = {
    "properties.distribute[0].galleryImageId": lambda version: of_targets(
        {**SHARED, "galleryImageId": f"{GALLERY_IMAGE}/versions/{version}"}
    ),
    "properties.source.imageVersionId": lambda version: changed(
        "properties.source", {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY_IMAGE}/Versions/{version}"}
    ),
}


@pytest.mark.parametrize(("path", "version"), list(itertools.product(VERSION_PLACES, NO_VERSION)))
def test_a_version_that_no_gallery_has_is_refused_by_its_path(path: str, version: str) -> None:
    (problem,) = refused(VERSION_PLACES[path](version))
    assert problem.path == path
    assert "2147483647" in problem.message
    assert problem.code.startswith("BadSharedImage")


@pytest.mark.parametrize(("path", "version"), list(itertools.product(VERSION_PLACES, VERSIONS)))
def test_a_version_of_three_32_bit_numbers_is_taken(path: str, version: str) -> None:
    assert refused(VERSION_PLACES[path](version)) == []


def test_only_a_source_may_be_the_latest_version() -> None:
    assert refused(VERSION_PLACES["properties.source.imageVersionId"]("Latest")) == []
    assert refused(VERSION_PLACES["properties.distribute[0].galleryImageId"]("latest")) != []


@pytest.mark.parametrize("largest", [1, 9, 10, 19, 20, 21, 105, 214, 2147])
def test_the_pattern_of_numbers_ends_at_the_largest(largest: int) -> None:
    pattern = re.compile(up_to(largest))
    taken = [number for number in range(largest * 11 + 100) if pattern.fullmatch(str(number))]
    assert taken == list(range(largest + 1))
    assert not any(pattern.fullmatch(f"0{number}") for number in range(10))


NO_URL = {
    "https://raw..example.com/x.sh": "between two dots",
    "https://.example.com/x.sh": "between two dots",
    f"https://{'a' * 64}.example.com/x.sh": "63",
    f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}/x.sh": "253",
    "https://exa mple.com/x.sh": "no space",
    "https://exam!ple.com/x.sh": "letters and digits",
    "https://-a.example.com/x.sh": "letters and digits",
    "https://a-.example.com/x.sh": "letters and digits",
    "https://\u00e4\u2488.example/x.sh": "characters, or a part",
    "https://xn--a/x.sh": "characters, or a part",
    "https://XN--A.example/x.sh": "characters, or a part",
    "https://xn--i-7iq.ws/x.sh": "characters, or a part",
    "https://i\u2764.ws/x.sh": "characters, or a part",
    "https://xn--bcher-kva.a_b.example/x.sh": "characters, or a part",
    "https://\u0629a.example/x.sh": "characters, or a part",
    "https://./x.sh": "characters, or a part",
    "https:///x.sh": "a host after the scheme",
    "https://169.254.169.254/metadata/instance": "metadata service",
    "http://[::ffff:169.254.169.254]/x.sh": "metadata service",
    "http://168.63.129.16/x.sh": "wire server",
    "http://0.0.0.0/x.sh": "unspecified",
    "http://224.0.0.1/x.sh": "multicast",
    "http://1.2.3.4.5/x.sh": "four numbers",
    "http://1.2.3.256/x.sh": "four numbers",
    "http://0x7f.1/x.sh": "four numbers",
    "http://2852039166/x.sh": "four numbers",
    "https://example.com:0/x.sh": "a port",
    "https://example.com:65536/x.sh": "a port",
    "https://example.com:x/x.sh": "a port",
    "https://[::1/x.sh": "begins with https",
    "https://me:secret@example.com/x.sh": "user name",
    "https://me@example.com/x.sh": "user name",
    "file:///etc/passwd": "begins with https",
    "x.sh": "begins with https",
}
URL_PLACES: dict[str, Any] = {
    "properties.customize[0].scriptUri": lambda url: changed(
        "properties.customize", [{"type": "Shell", "scriptUri": url}]
    ),
    "properties.customize[0].sourceUri": lambda url: changed("properties.customize", [{**FILE, "sourceUri": url}]),
    "properties.validate.inVMValidations[0].scriptUri": lambda url: changed(
        "properties.validate", {"inVMValidations": [{"type": "Shell", "scriptUri": url}]}
    ),
    "properties.optimize.workload.scriptUri": lambda url: changed(
        "properties.optimize", {"workload": {"state": "Enabled", "scriptUri": url}}
    ),
    "properties.distribute[0].uri": lambda url: of_targets({"type": "VHD", "runOutputName": "vhd", "uri": url}),
}


@pytest.mark.parametrize(("path", "url"), list(itertools.product(URL_PLACES, NO_URL)))
def test_a_url_of_a_host_that_cannot_be_is_refused_by_its_path(path: str, url: str) -> None:
    (problem,) = refused(URL_PLACES[path](url))
    assert problem.path == path
    assert NO_URL[url] in problem.message
    assert "secret" not in problem.message


@pytest.mark.parametrize(
    "url",
    [
        "https://account.blob.core.windows.net/files/x.sh?sv=1&sig=x%3D",
        "http://10.1.2.3:8080/x.sh",
        "http://127.0.0.1:8080/x.sh",
        "https://[2603:1030::1]/x.sh",
        "https://my_host.example.com./x.sh",
        "https://b\u00fccher.example/x.sh",
        "https://xn--bcher-kva.example./x.sh",
        "https://fa\u00df.example/x.sh",
        "https://a.xn--bcher-kva.example/x.sh",
        "https://EXAMPLE.com/a%20b/x.sh#part",
        f"https://{'a' * 63}.example.com/x.sh",
        "data:,echo%20hello",
    ],
)
def test_a_url_whose_host_may_be_is_taken(url: str) -> None:
    assert refused(URL_PLACES["properties.customize[0].scriptUri"](url)) == []
    assert httpx.Request("GET", url).url.scheme == url.partition(":")[0]


NO_FILE = {
    "/tmp/": "the path of a directory",
    "/": "the path of a directory",
    "/opt/.": "the path of a directory",
    "/opt/..": "the path of a directory",
    "C:\\": "the path of a directory",
    "C:": "the path of a directory",
    "c:\\app\\": "the path of a directory",
    "c:/app/": "the path of a directory",
    "..": "the path of a directory",
    "motd": "relative",
    "app/motd": "relative",
    "C:motd": "relative",
    "~/motd": "home",
    "~root/motd": "home",
    "/opt/a\nb": "control characters",
    "/opt/../etc/motd": "without '..'",
    "\\\\server\\share\\motd": "server's name",
}


@pytest.mark.parametrize("destination", NO_FILE)
def test_a_destination_that_is_no_file_is_refused_with_words_that_say_why(destination: str) -> None:
    (problem,) = refused(changed("properties.customize", [{**FILE, "destination": destination}]))
    assert problem.path == "properties.customize[0].destination"
    assert NO_FILE[destination] in problem.message


def test_a_validators_file_has_the_same_rules() -> None:
    (problem,) = refused(changed("properties.validate", {"inVMValidations": [{**FILE, "destination": "/tmp/"}]}))
    assert problem.path == "properties.validate.inVMValidations[0].destination"


@pytest.mark.parametrize("destination", ["/opt/a'b", '/opt/a"b', "/opt/$(x)", "/opt/`x`", "C:\\it's\\a b.txt"])
def test_quotes_in_a_destination_are_no_more_than_characters(destination: str) -> None:
    assert refused(changed("properties.customize", [{**FILE, "destination": destination}])) == []


def test_all_of_them_are_told_at_once() -> None:
    steps = [{"type": "Shell", "scriptUri": "https://a..b/x"}, {**FILE, "destination": "/tmp/"}]
    found = refused({**changed("properties.customize", steps), "location": "/etc/../x"})
    assert {problem.path for problem in found} == {
        "location",
        "properties.customize[0].scriptUri",
        "properties.customize[1].destination",
    }


def test_an_update_is_held_to_the_same_forms() -> None:
    with pytest.raises(TemplateInvalid) as refusal:
        parse_patch({"properties": {"distribute": [{**MANAGED, "location": "/etc/../x"}]}}, LATEST)
    assert [problem.path for problem in refusal.value.problems] == ["properties.distribute[0].location"]


def test_a_runs_overrides_are_held_to_the_same_forms() -> None:
    with pytest.raises(TemplateInvalid) as refusal:
        apply_overrides(BODY, {"distribute": [{**MANAGED, "location": "/etc/../x"}]})
    assert [problem.path for problem in refusal.value.problems] == ["properties.distribute[0].location"]


def test_a_body_that_was_stored_with_such_a_text_can_still_be_read() -> None:
    assert parse_template(changed("location", "/etc/../x")).location == "/etc/../x"
