"""Signed URLs, decoded: each is a short-lived user-delegation SAS for https, of one blob, with the least rights."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient

from kiln import blobs
from kiln.cloud import commands, exports
from kiln.cloud.staging import ARTIFACTS, LOGS, VHDS
from kiln.errors import Conflict, ResourceNotFound
from kiln.runs.artifacts import share
from orchestrators.capture import COPY_LIMIT
from tests.contract.kiln_cloud.building import first_step, plan_with, start_step
from triggers.run_outputs import ACCESS_LIFETIME

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.machines import ScriptRequest
    from kiln.contracts.staging import StagedStorage
    from kiln.secret import Secret

REFUSED = r"AuthenticationFailed|AuthorizationFailure"
USER_DELEGATION = {"skoid", "sktid", "skt", "ske", "sks", "skv"}
"""Fields that only a SAS with a user delegation key has (Microsoft's "Create a user delegation SAS")."""


def decoded(url: str) -> dict[str, str]:
    """Return the fields of a SAS; no field is there twice."""
    fields = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


def assert_narrow(url: str, *, rights: str, lasts: timedelta) -> None:
    fields = decoded(url)
    assert fields.keys() >= USER_DELEGATION
    assert (fields["spr"], fields["sr"], fields["sp"]) == ("https", "b", rights)
    left = datetime.fromisoformat(fields["se"]) - datetime.now(UTC)
    assert lasts - timedelta(minutes=1) < left <= lasts
    assert datetime.fromisoformat(fields["se"]) <= datetime.fromisoformat(fields["ske"])


@pytest.fixture
def request_of_file(settings: InProcessAzure) -> tuple[ScriptRequest, list[dict[str, Any]]]:
    """Start a File customizer's step, and return the bodies of the PUTs of its run command."""
    step = {"type": "File", "name": "motd", "sourceUri": "data:,hello", "destination": "/etc/motd"}
    request = first_step(plan_with(customize=[step]))
    blobs.account(request.storage.endpoint).get_blob_client(ARTIFACTS, str(request.step.artifact)).upload_blob(b"hello")
    sent: list[dict[str, Any]] = []
    before = settings.server.observer

    def listen(*exchange: Any) -> None:
        method, target, body = exchange[:3]
        if method == "PUT" and "/runCommands/" in target:
            sent.append(json.loads(body))
        if before is not None:
            before(*exchange)

    settings.server.observer = listen
    start_step(request)
    settings.server.observer = before
    return request, sent


def test_a_steps_file_can_be_read_for_half_an_hour_by_a_protected_parameter_alone(
    request_of_file: tuple[ScriptRequest, list[dict[str, Any]]],
) -> None:
    _, sent = request_of_file
    properties = sent[0]["properties"]
    (parameter,) = properties["protectedParameters"]
    assert "parameters" not in properties
    assert parameter["name"] == "KILN_ARTIFACT_URL"
    assert_narrow(parameter["value"], rights="r", lasts=commands.FETCH_LIFETIME)
    assert timedelta(minutes=30) >= commands.FETCH_LIFETIME
    assert "sig=" not in properties["source"]["script"]


def test_a_steps_output_can_be_written_as_long_as_the_step_lasts_and_nothing_else(
    request_of_file: tuple[ScriptRequest, list[dict[str, Any]]],
) -> None:
    request, sent = request_of_file
    url = sent[0]["properties"]["outputBlobUri"]
    lasts = timedelta(minutes=request.step.timeout_minutes) + commands.OUTPUT_MARGIN
    assert_narrow(url, rights="racw", lasts=lasts)
    assert urlsplit(url).path.endswith(f"/{LOGS}/{request.step.output_blob}")


def test_azure_gives_none_of_it_back(request_of_file: tuple[ScriptRequest, list[dict[str, Any]]]) -> None:
    request, sent = request_of_file
    found = commands.find(request)
    assert found is not None
    text = json.dumps(found.as_dict())
    secrets = (sent[0]["properties"]["outputBlobUri"], sent[0]["properties"]["protectedParameters"][0]["value"])
    assert not [url for url in secrets if decoded(url)["sig"] in text or url in text]
    assert "sig=" not in text


def test_a_vhd_can_be_read_for_an_hour(storage: StagedStorage) -> None:
    blobs.account(storage.endpoint).get_blob_client(VHDS, "a.vhd").upload_blob(b"disk", metadata={"kilnMark": "m-1"})
    url, expires = share(f"{storage.endpoint}/{VHDS}/a.vhd", "m-1", ACCESS_LIFETIME)
    assert timedelta(hours=1) == ACCESS_LIFETIME
    assert_narrow(url.reveal(), rights="r", lasts=ACCESS_LIFETIME)
    assert expires == datetime.fromisoformat(decoded(url.reveal())["se"])


def test_what_is_not_the_vhd_that_the_run_made_is_not_handed_out(storage: StagedStorage) -> None:
    vhd = blobs.account(storage.endpoint).get_blob_client(VHDS, "another.vhd")
    with pytest.raises(ResourceNotFound, match="no longer exists"):
        share(vhd.url, "m-1", ACCESS_LIFETIME)

    vhd.upload_blob(b"theirs")
    with pytest.raises(Conflict, match="is not the VHD that the run made"):
        share(vhd.url, "m-1", ACCESS_LIFETIME)


def test_a_disk_can_be_read_as_long_as_its_copy_may_take_and_half_an_hour() -> None:
    assert timedelta(seconds=exports.ACCESS_SECONDS) == COPY_LIMIT + timedelta(minutes=30)


def test_a_signed_url_does_neither_more_nor_elsewhere(storage: StagedStorage) -> None:
    account = blobs.account(storage.endpoint)
    for name in ("a", "b"):
        account.get_blob_client(ARTIFACTS, name).upload_blob(b"content")
    url, _ = blobs.readable(account.get_blob_client(ARTIFACTS, "a"), timedelta(minutes=5))

    with at(url) as blob:
        assert blob.download_blob().readall() == b"content"
        with pytest.raises(HttpResponseError, match="AuthorizationPermissionMismatch"):
            blob.upload_blob(b"other", overwrite=True)
    query = urlsplit(url.reveal()).query
    with (
        BlobClient.from_blob_url(f"{storage.endpoint}/{ARTIFACTS}/b?{query}") as other,
        pytest.raises(HttpResponseError, match=REFUSED),
    ):
        other.download_blob()


def test_a_signed_url_that_is_over_gives_nothing(storage: StagedStorage) -> None:
    blob = blobs.account(storage.endpoint).get_blob_client(ARTIFACTS, "a")
    blob.upload_blob(b"content")
    url, _ = blobs.readable(blob, timedelta(seconds=-1))
    with at(url) as late, pytest.raises(HttpResponseError, match=REFUSED):
        late.download_blob()


def at(url: Secret) -> BlobClient:
    return BlobClient.from_blob_url(url.reveal())
