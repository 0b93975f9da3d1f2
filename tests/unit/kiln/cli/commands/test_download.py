from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from kiln.cli.transfer.pages import Span
from tests.unit.kiln.cli.blob_server import BlobServer, vhd
from tests.unit.kiln.cli.command_line import Clock, assert_screen, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

MIB = 1024 * 1024
SIZE = 16 * MIB
CONTENT = vhd(SIZE, {0: b"boot" * 128, 5 * MIB: b"root" * 2 * MIB})
PAGES = [Span(0, 512), Span(5 * MIB, 13 * MIB), Span(SIZE, SIZE + 512)]
GALLERY = {"name": "hello-gallery", "properties": {"artifactId": "/subscriptions/s/x"}}
DISK = {"name": "hello-vhd", "properties": {"artifactUri": "https://blobs.example/vhds/hello-vhd.vhd"}}


def download(server: BlobServer, *arguments: str, outputs: list[dict[str, object]] | None = None) -> Result:
    template = {"name": "hello", "location": "westeurope", "properties": {}}
    kiln = FakeKiln(templates={"hello": template}, outputs=[GALLERY, DISK] if outputs is None else outputs)
    return run("download", "hello", *arguments, kiln=kiln, blobs=server, clock=Clock())


def server() -> BlobServer:
    return BlobServer(CONTENT, list(PAGES))


def test_the_only_vhd_is_downloaded_and_its_checksum_printed(tmp_path: Path) -> None:
    file = tmp_path / "disk.vhd"

    result = download(server(), "-o", str(file))

    assert result.exit_code == 0
    assert file.read_bytes() == CONTENT
    assert hashlib.sha256(CONTENT).hexdigest() in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["disk.vhd"]
    assert_screen("download", result.output.replace(str(tmp_path), "/downloads"))


def test_only_written_pages_are_transferred_and_the_file_is_sparse(tmp_path: Path) -> None:
    blob = server()

    download(blob, "-o", str(tmp_path))

    assert blob.ranges() == [
        "bytes=0-511",
        f"bytes={SIZE}-{SIZE + 511}",
        f"bytes={5 * MIB}-{9 * MIB - 1}",
        f"bytes={9 * MIB}-{13 * MIB - 1}",
    ]
    assert (tmp_path / "hello-vhd.vhd").stat().st_blocks * 512 < SIZE


def test_a_blob_without_pages_is_downloaded_whole(tmp_path: Path) -> None:
    blob = BlobServer(CONTENT, [], kind="BlockBlob")

    assert download(blob, "-o", str(tmp_path)).exit_code == 0
    assert (tmp_path / "hello-vhd.vhd").read_bytes() == CONTENT


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "disk.vhd"
    file.write_text("mine")

    refused = download(server(), "-o", str(file))
    assert refused.exit_code == 2
    assert file.read_text() == "mine"

    assert download(server(), "-o", str(file), "--force").exit_code == 0
    assert file.read_bytes() == CONTENT


def test_a_hiccup_is_tried_again(tmp_path: Path) -> None:
    blob = server()
    blob.faults = [httpx.Response(503), httpx.ReadError("connection reset")]

    assert download(blob, "-o", str(tmp_path)).exit_code == 0
    assert (tmp_path / "hello-vhd.vhd").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("fault", "said", "code"),
    [
        (httpx.Response(403, headers={"x-ms-error-code": "AuthenticationFailed"}), "403 AuthenticationFailed", 1),
        (httpx.Response(206, content=b"short"), "where 512 were asked for", 1),
    ],
)
def test_a_refusal_is_said_without_the_signed_url_and_leaves_nothing(
    tmp_path: Path, fault: httpx.Response, said: str, code: int
) -> None:
    blob = BlobServer(CONTENT, [Span(0, 512)])
    page_list = blob._page_list(0)
    blob.faults = [page_list, fault]

    result = download(blob, "-o", str(tmp_path))

    assert result.exit_code == code
    assert said in result.stderr
    assert "sig=" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_nobody_vouches_for_names_the_option_and_the_file(tmp_path: Path) -> None:
    verification = ssl.SSLCertVerificationError(1, "certificate verify failed")
    verification.verify_message = "unable to get local issuer certificate"
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = verification
    blob = server()
    blob.faults = [error]

    result = download(blob, "-o", str(tmp_path))

    assert result.exit_code == 5
    assert_screen("certificate-untrusted", result.output)


def test_what_is_not_a_vhd_is_not_kept(tmp_path: Path) -> None:
    blob = BlobServer(b"x" * 4096, [Span(0, 4096)])

    result = download(blob, "-o", str(tmp_path))

    assert result.exit_code == 1
    assert "not a VHD" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_vhd_whose_footer_says_another_size_is_not_kept(tmp_path: Path) -> None:
    cut = CONTENT[:512] + CONTENT[-512:]
    blob = BlobServer(cut, [Span(0, 1024)])

    result = download(blob, "-o", str(tmp_path))

    assert result.exit_code == 1
    assert "damaged" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_several_vhds_must_be_told_apart(tmp_path: Path) -> None:
    outputs: list[dict[str, object]] = [{**DISK, "name": "a"}, {**DISK, "name": "b"}]

    result = download(server(), "-o", str(tmp_path), outputs=outputs)

    assert result.exit_code == 2
    assert "VHD outputs of hello: a, b." in result.stderr
    assert download(server(), "B", "-o", str(tmp_path), outputs=outputs).exit_code == 0
    assert (tmp_path / "b.vhd").exists()


def test_a_gallery_image_version_has_no_file() -> None:
    result = download(server(), "hello-gallery")

    assert result.exit_code == 2
    assert "has no file to download" in result.stderr


def test_a_template_without_outputs_has_nothing_to_download() -> None:
    result = download(server(), outputs=[])

    assert result.exit_code == 2
    assert "There is nothing to download." in result.stderr
