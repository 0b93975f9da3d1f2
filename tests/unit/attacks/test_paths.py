"""Names and paths that lead elsewhere than they seem to: in the guest, in Kiln's storage, on a user's machine."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cloud.exports import blob_metadata
from kiln.errors import KilnError, RequestInvalid
from kiln.planner import names
from kiln.planner.fit.steps import step_misfits
from kiln.runs.naming import staging_group
from kiln.template.parse import parse_template
from kiln.template.references import check_references
from tests.app_settings import set_settings
from tests.unit.kiln.cli.blob_server import BlobServer, vhd
from tests.unit.kiln.cli.command_line import Clock, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln
from tests.unit.kiln.planner import samples
from tests.unit.triggers.requests import request
from triggers.call import Call
from triggers.orchestrations import DurableOrchestrations
from triggers.paging import read_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

CLIMBING = ("..", "../..", "../../kiln", "a/../../b", "a/b", "/etc/passwd", "..\\..", "C:\\x", "%2e%2e", "%2e%2e%2f")
STRANGE = (
    "",
    ".",
    "...",
    "a\x00b",
    "a\nb",
    "a\r\nb",
    "a b",
    "~",
    "*",
    "a?b",
    "a#b",
    "a;b",
    "$(x)",
    "\uff0e\uff0e",
    "a" * 300,
)


def destination(text: str) -> list[str]:
    """Return the refusal of a File customizer's destination, which is made without asking Azure."""
    step = {"type": "File", "sourceUri": "https://example.com/a", "destination": text}
    template = samples.template(customize=[step])
    return [problem.path for problem in check_references(template)]


@pytest.mark.parametrize(
    "text",
    [
        "relative",
        "~/a",
        "-rf",
        "*",
        "/",
        "/etc/",
        "/etc/../shadow",
        "/..",
        "/etc/..",
        "/etc/.",
        "/./a",
        "/a\x00b",
        "/a\nb",
        "/a\n",
        "/a\n/../b",
        "/.\x00./a",
        "/a\x7f",
        "//server/share/a",
        "/\\server\\share\\a",
        "\\\\server\\share\\a",
        "\\\\.\\PhysicalDrive0",
        "\\\\?\\C:\\a",
        "//./PhysicalDrive0",
        "C:a",
        "C:",
        "C:\\",
        "C:\\a\\..\\b",
        "C:\\a\\",
        "CC:\\a",
        "file:///etc/a",
        "/" + "a" * 1024,
    ],
)
def test_a_destination_that_is_not_plainly_one_file_is_refused(text: str) -> None:
    assert destination(text) == ["properties.customize[0].destination"]


@pytest.mark.parametrize(
    "text",
    ["/a", "/tmp/a", "/tmp/-rf", "/opt/a b/c..d", "/tmp/...", "/tmp/$(x)", "C:\\a", "d:/a/b.txt", "/" + "a" * 1023],
)
def test_a_destination_that_is_one_file_is_taken(text: str) -> None:
    assert destination(text) == []


def on_windows(text: str) -> list[str | None]:
    template = samples.template(customize=[{"type": "File", "sourceUri": "https://a/b", "destination": text}])
    return [misfit.target for misfit in step_misfits(template, samples.WINDOWS)]


@pytest.mark.parametrize(
    "text",
    [
        "C:\\a.txt:stream",
        "C:\\a.txt::$DATA",
        "C:\\folder:$I30:$INDEX_ALLOCATION\\a",
        "C:\\CON",
        "C:\\x\\nul",
        "C:\\x\\nul.txt",
        "C:\\aux \\a",
        "C:/prn/a",
        "C:\\com1",
        "C:\\LPT\u00b9.log",
        "C:\\CONIN$",
        "C:\\a.",
        "C:\\a. \\b",
        "C:\\a ",
        "C:\\a*",
        "C:\\a?",
        "C:\\<a>",
        'C:\\"a"',
        "C:\\a|b",
        "/tmp/a:b",
    ],
)
def test_a_destination_that_windows_takes_for_something_else_is_refused(text: str) -> None:
    assert on_windows(text) == ["properties.customize[0].destination"]


@pytest.mark.parametrize("text", ["C:\\a", "C:\\Program Files\\a.b.c", "C:\\console\\a", "D:/com10", "C:\\nul-a", "/a"])
def test_other_names_are_fine_on_windows(text: str) -> None:
    assert on_windows(text) == []


def test_what_windows_would_misread_is_a_file_on_linux() -> None:
    template = samples.template(customize=[{"type": "File", "sourceUri": "https://a/b", "destination": "/a:b/con"}])

    assert list(step_misfits(template, samples.LINUX)) == []


@pytest.fixture
def _app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the least that an app needs."""
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state.blob.core.windows.net")


PARTS: dict[str, Callable[[Call], Any]] = {
    "subscription": lambda call: call.subscription,
    "group": lambda call: call.group,
    "name": lambda call: call.template,
    "trigger": lambda call: call.trigger_name,
    "version": lambda call: call.version,
    "run": lambda call: call.run_id,
    "operation": lambda call: call.operation_id,
}
"""The parts of paths that lead to documents in Kiln's storage, by their names in routes."""


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("text", [*CLIMBING, *STRANGE])
def test_a_part_of_a_path_that_leads_elsewhere_is_refused(part: str, text: str) -> None:
    route: dict[str, Any] = {part: text}
    call = Call.read(request(**route), DurableOrchestrations(None), datetime(2026, 11, 22, tzinfo=UTC))

    with pytest.raises(KilnError):
        PARTS[part](call)


@pytest.mark.parametrize("text", ["../../x", "..", "a/../../b", "\x00", "zzz"])
def test_a_page_token_leads_to_nothing_that_is_not_listed(text: str) -> None:
    """The token is a name to begin after, and never one to read."""
    loaded: list[str] = []
    token = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def load(name: str) -> str:
        loaded.append(name)
        return name

    page = read_page(["a", "b"], load, token)

    assert set(loaded) <= {"a", "b"}
    assert set(page.items) <= {"a", "b"}


@pytest.mark.parametrize("token", ["../../x", "%00", "\u00e9", "a", "gICA"])
def test_a_page_token_that_no_page_gave_is_refused(token: str) -> None:
    with pytest.raises(RequestInvalid):
        read_page(["a"], lambda name: name, token)


@pytest.mark.parametrize("text", [*CLIMBING, *STRANGE])
def test_a_run_outputs_name_cannot_lead_out_of_its_runs_folder(text: str) -> None:
    body = {
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {"source": samples.PLATFORM, "distribute": [{"type": "VHD", "runOutputName": text}]},
    }
    try:
        parse_template(body)
    except KilnError:
        return
    blob = names.vhd_blob("20261122-022112-3f9c8a1b", text)
    assert blob.count("/") == 1
    assert blob.rpartition("/")[2] not in {"", ".", ".."}


@pytest.mark.parametrize("text", [*CLIMBING, *STRANGE])
def test_a_steps_name_cannot_lead_out_of_its_runs_folder(text: str) -> None:
    blob = names.output_blob("run", "customize-00", text)

    assert blob.startswith("run/steps/customize-00-")
    assert blob.removeprefix("run/steps/").replace("-", "").replace(".log", "").isalnum()


def test_a_staging_groups_name_is_one_that_azure_takes_whatever_the_template_is_called() -> None:
    long = samples.TEMPLATE_ID.model_copy(update={"group": "g" * 90, "name": "t" * 64})

    assert len(staging_group(long, "0a1b2c3d")) <= 90
    assert "/" not in staging_group(long, "0a1b2c3d")


def test_tags_cannot_bring_headers_into_a_request_for_a_blob() -> None:
    tags = {"team": "images", "bad": "a\r\nx-ms-copy-source: https://evil", "nul": "\x00", "x-y": "b", "k\r\nh": "c"}

    assert blob_metadata(tags) == {"team": "images"}


CONTENT = vhd(1024 * 1024, {0: b"boot" * 128})


def download(folder: Path, output: str, *arguments: str) -> Result:
    template = {"name": "hello", "location": "westeurope", "properties": {}}
    disk = {"name": output, "properties": {"artifactUri": "https://blobs.example/vhds/a.vhd"}}
    kiln = FakeKiln(templates={"hello": template}, outputs=[disk])
    blob = BlobServer(CONTENT, [], kind="BlockBlob")
    return run("download", "hello", "-o", str(folder), *arguments, kiln=kiln, blobs=blob, clock=Clock())


@pytest.mark.parametrize(
    "name", ["../outside", "..", "/tmp/outside", "a/b", "a\\b", "a\nb", "a\x00b", "", "~/x", "a b"]
)
def test_a_server_that_names_another_folder_has_nothing_written_there(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()

    result = download(folder, name, "--force")

    assert result.exit_code != 0
    assert [found.name for found in tmp_path.rglob("*")] == ["downloads"]


def test_a_link_in_the_place_of_a_download_is_not_followed(tmp_path: Path) -> None:
    folder, precious = tmp_path / "downloads", tmp_path / "precious"
    folder.mkdir()
    precious.write_text("precious")
    (folder / "disk.vhd").symlink_to(precious)
    (folder / "disk.vhd.part").symlink_to(precious)

    result = download(folder, "disk", "--force")

    assert result.exit_code == 0, result.output
    assert precious.read_text() == "precious"
    assert (folder / "disk.vhd").read_bytes() == CONTENT
    assert not (folder / "disk.vhd").is_symlink()
