from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken
from requests.exceptions import ConnectionError as RefusedConnection

from kiln.redact import hide_in_url
from kiln.template.parse import parse_template
from tests.unit.kiln.cli.command_line import assert_screen, run
from tests.unit.kiln.cli.fake_arm import ENDPOINT, SUBSCRIPTION, FakeArm, follow, template
from tests.unit.kiln.cli.fake_kiln import TEMPLATES, Answer, FakeKiln, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from requests import Response
    from typer.testing import Result

SIGNATURE = "s3cret%2Bsignature%3D"
SCRIPT = f"https://scripts.blob.core.windows.net/s/a.sh?sv=2024-11-04&sig={SIGNATURE}"
SHELL = {"type": "Shell", "name": "setup", "inline": ["sudo apt-get update"]}
BAD = {"type": "Shell", "inline": ["true"], "scriptUri": "https://x.example/a.sh", "colour": "red"}


def take(*arguments: str, arm: FakeArm, kiln: FakeKiln | None = None, columns: int = 80, **variables: str) -> Result:
    unset = dict.fromkeys(("KILN_SUBSCRIPTION", "KILN_RESOURCE_GROUP", "KILN_ARM_ENDPOINT", "KILN_ARM_SCOPE"), "")
    environment = {**unset, "KILN_ARM_TOKEN": "arm-token", "COLUMNS": str(columns), **variables}
    given = () if "--id" in arguments or "--subscription" in arguments else ("--subscription", SUBSCRIPTION)
    return run("import", *given, *arguments, kiln=kiln or FakeKiln(), arm=arm, environment=environment)


def many() -> FakeArm:
    """Return an Azure with templates of many kinds."""
    windows = [
        {"type": "PowerShell", "inline": ["Get-Item C:\\"], "runElevated": True},
        {"type": "WindowsRestart"},
        {"type": "WindowsUpdate", "updateLimit": 20},
    ]
    return FakeArm(
        templates=[
            template("web", customize=[SHELL, {"type": "Shell", "scriptUri": SCRIPT}], autoRun={"state": "Enabled"}),
            template("old-agent", customize=[BAD], provisioningState="Failed"),
            template("win", "rg-windows", customize=windows, vmProfile={}, optimize={"vmBoot": {"state": "Enabled"}}),
            "poison",
        ],
        triggers={"web": [follow()]},
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_without_an_action_it_prints_what_would_come_and_what_differs(columns: int) -> None:
    kiln, arm = FakeKiln(), many()
    result = take(arm=arm, kiln=kiln, columns=columns)
    assert (result.exit_code, kiln.calls) == (3, [])
    assert SIGNATURE not in result.output
    assert {request.headers["Authorization"] for request in arm.sent} == {"Bearer arm-token"}
    assert_screen(f"import-{columns}", result.output)


def test_files_hold_what_kiln_takes_and_nothing_that_only_azure_sets(tmp_path: Path) -> None:
    result = take("--resource-group", "rg-images", "--to", str(tmp_path / "new"), arm=many())
    assert result.exit_code == 3
    assert sorted(path.name for path in tmp_path.joinpath("new").iterdir()) == [
        "old-agent.json", "web.follow.trigger.json", "web.json"
    ]  # fmt: skip
    web = json.loads(tmp_path.joinpath("new/web.json").read_text())
    assert parse_template(web, "2025-10-01").properties.source.type == "PlatformImage"
    assert web.keys() == {"location", "identity", "properties"}
    assert web["properties"].keys() == {"source", "distribute", "vmProfile", "customize", "autoRun"}
    assert "exactVersion" not in web["properties"]["source"]
    assert list(web["identity"]["userAssignedIdentities"].values()) == [{}]
    assert web["properties"]["customize"][1]["scriptUri"] == SCRIPT
    trigger = json.loads(tmp_path.joinpath("new/web.follow.trigger.json").read_text())
    assert trigger == {"properties": {"kind": "SourceImage"}}
    assert "old-agent: properties.customize[0].colour: is not a property here" in result.output
    assert f"written  {tmp_path / 'new' / 'web.json'}" in result.output


def test_a_file_with_a_secret_is_its_owners_alone_and_the_secret_is_not_printed(tmp_path: Path) -> None:
    password = {"type": "Shell", "inline": ["mount -o password=hunter2hunter2"]}
    arm = FakeArm(
        templates=[template("a", customize=[{"type": "Shell", "scriptUri": SCRIPT}, password]), template("b")]
    )
    result = take("--to", str(tmp_path), arm=arm)
    assert result.exit_code == 0
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b.json").stat().st_mode) & 0o077
    assert SIGNATURE in (tmp_path / "a.json").read_text()
    assert SIGNATURE not in result.output
    assert "hunter2" not in result.output
    assert "a has a secret in properties.customize[0].scriptUri, properties.customize[1].inline[0]." in result.output


def test_a_secret_in_a_wrong_place_is_not_printed_either(tmp_path: Path) -> None:
    odd: dict[str, Any] = {f"https://x.example/?sig={SIGNATURE}": 1, "stagingResourceGroup": SCRIPT}
    arm = FakeArm(templates=[template("a", **odd)])
    result = take("--to", str(tmp_path), arm=arm)
    assert (result.exit_code, SIGNATURE in result.output) == (3, False)


def test_a_file_that_exists_is_only_replaced_with_force(tmp_path: Path) -> None:
    (tmp_path / "web.json").write_text("mine")
    arm = FakeArm(templates=[template("web"), template("new")])
    result = take("--to", str(tmp_path), arm=arm)
    assert (result.exit_code, (tmp_path / "web.json").read_text()) == (3, "mine")
    assert f"not written  {tmp_path / 'web.json'}: it exists with another content; --force replaces it" in result.output
    assert result.output.endswith(f"1 of 2 not taken, see above: {tmp_path / 'web.json'}.\n")
    again = take("--to", str(tmp_path), "--force", arm=arm)
    assert again.exit_code == 0
    assert f"replaced  {tmp_path / 'web.json'}" in again.output
    assert f"unchanged  {tmp_path / 'new.json'}" in again.output


def test_templates_with_one_name_get_folders_of_their_groups(tmp_path: Path) -> None:
    arm = FakeArm(templates=[template("web", "rg-a"), template("WEB", "rg-b"), template("db", "rg-a")])
    assert take("--to", str(tmp_path), arm=arm).exit_code == 0
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))
    assert files == ["db.json", "rg-a/web.json", "rg-b/WEB.json"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = take("--to", str(tmp_path / "file"), arm=FakeArm(templates=[template("web")]))
    assert (result.exit_code, "cannot be made a folder" in result.stderr) == (2, True)


def test_templates_are_submitted_with_their_triggers_under_their_own_ids() -> None:
    kiln = FakeKiln(submission=[{"provisioningState": "Creating"}, {"provisioningState": "Succeeded"}])
    arm = FakeArm(templates=[template("web"), template("bad", customize=[BAD])], triggers={"web": [follow()]})
    result = take("--submit", arm=arm, kiln=kiln)
    assert result.exit_code == 3
    assert kiln.calls == ["GET web", "GET web", "PUT web", "GET web", "PUT web/triggers/follow"]
    assert "submitted  web, with its trigger follow" in result.output
    assert result.output.endswith("1 of 2 cannot be built by Kiln as it is: bad.\n")
    assert "exactVersion" not in str(kiln.templates["web"])
    assert {request.headers["Authorization"] for request in kiln.sent} == {"Bearer a-token"}


def test_a_template_that_kiln_has_is_only_replaced_with_force() -> None:
    have = {"web": {"name": "web", "location": "northeurope", "properties": {}}}
    kiln, arm = FakeKiln(templates=have), FakeArm(templates=[template("web"), template("db")])
    result = take("--submit", arm=arm, kiln=kiln)
    assert (result.exit_code, kiln.templates["web"]["location"]) == (3, "northeurope")
    assert "not submitted  web: Kiln has another template with that name; --force replaces it" in result.output
    again = take("--submit", "--force", arm=arm, kiln=kiln)
    assert (again.exit_code, kiln.templates["web"]["location"]) == (0, "westeurope")
    assert "unchanged  db" in again.output


def test_a_template_whose_secrets_kiln_hides_is_the_same_template() -> None:
    arm = FakeArm(templates=[template("web", customize=[{"type": "Shell", "scriptUri": SCRIPT}])])
    kiln = FakeKiln()
    assert take("--submit", arm=arm, kiln=kiln).exit_code == 0
    kiln.templates["web"]["properties"]["customize"][0]["scriptUri"] = hide_in_url(SCRIPT)
    assert "unchanged  web" in take("--submit", arm=arm, kiln=kiln).output
    assert "submitted  web" in take("--submit", "--force", arm=arm, kiln=kiln).output
    assert kiln.templates["web"]["properties"]["customize"][0]["scriptUri"] == SCRIPT


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (RefusedConnection("refused"), 5, "Name a Kiln with --endpoint"),
        (refusal(401, "InvalidAuthenticationToken", "expired"), 1, "The token in KILN_TOKEN is not accepted"),
        (Answer(404, b"<html>"), 1, "this is probably not Kiln's API"),
    ],
)
def test_what_is_wrong_with_kiln_as_a_whole_is_told_once(answer: Answer | Exception, code: int, told: str) -> None:
    kiln = FakeKiln(overrides={"GET a": answer})
    result = take("--submit", arm=FakeArm(templates=[template("a"), template("b")]), kiln=kiln)
    assert (result.exit_code, told in result.stderr, kiln.calls) == (code, True, ["GET a"])


def test_an_interrupted_submission_goes_on_in_kiln() -> None:
    class Interrupted(FakeKiln):
        def send(self, *_positional: Any, **_options: Any) -> Response:
            raise KeyboardInterrupt

    result = take("--submit", arm=FakeArm(templates=[template("a")]), kiln=Interrupted())
    assert (result.exit_code, "goes on in Kiln without this command" in result.stderr) == (130, True)


def test_one_failed_submission_does_not_stop_the_others() -> None:
    kiln = FakeKiln(overrides={"PUT b": refusal(400, "ValidationFailed", f"no {SCRIPT}")})
    arm = FakeArm(templates=[template("a"), template("b"), template("c")])
    result = take("--submit", arm=arm, kiln=kiln)
    assert (result.exit_code, sorted(kiln.templates)) == (3, ["a", "c"])
    assert "not submitted  b: ValidationFailed: no https://scripts" in result.output
    assert SIGNATURE not in result.output


def test_a_submission_that_kiln_fails_is_told() -> None:
    error = {"provisioningErrorCode": "BadPIRSource", "message": "no such image"}
    kiln = FakeKiln(submission=[{"provisioningState": "Failed", "provisioningError": error}])
    result = take("--submit", arm=FakeArm(templates=[template("a")]), kiln=kiln)
    assert (result.exit_code, "not submitted  a: BadPIRSource: no such image" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("poison", "told"),
    [
        (None, "(no name): expected a JSON object, got null"),
        (7, "(no name): expected a JSON object, got a number"),
        ({"name": "x"}, "x: its id is not an image template's"),
        (template("a/../../b"), "a/../../b: its id is not an image template's"),
        (template("a b"), "a b: its name is not an image template's"),
        (template("w\n"), "its name is not an image template's"),
        (template("w", ".."), "w: its group's name is not a resource group's"),
        ({**template("x"), "properties": "text"}, "x: properties: expected"),
        ({**template("x"), "properties": {"source": 5, "customize": {"a": 1}}}, "x: properties.source"),
        ({**template("x"), "identity": None}, "x: identity: is required"),
    ],
)  # fmt: skip
def test_one_poisoned_template_does_not_stop_the_others(tmp_path: Path, poison: Any, told: str) -> None:
    arm = FakeArm(templates=[template("a"), poison, template("z")])
    result = take("--to", str(tmp_path), arm=arm)
    assert (result.exit_code, {"a.json", "z.json"} <= {path.name for path in tmp_path.iterdir()}) == (3, True)
    assert told in result.output


def test_triggers_that_cannot_be_read_are_told_with_their_template(tmp_path: Path) -> None:
    arm = FakeArm(templates=[template("a"), template("b")])
    arm.overrides["a/triggers"] = refusal(403, "AuthorizationFailed", "You may not.")
    result = take("--to", str(tmp_path), arm=arm)
    assert (result.exit_code, [path.name for path in tmp_path.iterdir()]) == (3, ["b.json"])
    assert (
        "a: " + ENDPOINT + " refused to show the triggers of a, with status 403. AuthorizationFailed" in result.output
    )


def test_triggers_that_kiln_does_not_take_are_problems(tmp_path: Path) -> None:
    fixed = template("a")
    fixed["properties"]["source"]["version"] = "24.04.1"
    odd = {**follow("odd"), "properties": {"kind": "Sunrise"}}
    arm = FakeArm(templates=[fixed], triggers={"a": [follow(), odd, {"name": "../x"}, None]})
    result = take("--to", str(tmp_path), arm=arm)
    assert (result.exit_code, [path.name for path in tmp_path.iterdir()]) == (3, ["a.json"])
    assert "a: trigger follow: properties.source.version: expected latest" in result.output
    assert "a: trigger odd: properties.kind: expected one of 'SourceImage'" in result.output
    for index in (2, 3):
        assert f"a: triggers[{index}]: expected a trigger with a trigger's name" in result.output


def test_hundreds_of_templates_are_read_page_by_page() -> None:
    arm = FakeArm(templates=[template(f"t{number:03}") for number in range(300)], page=50)
    result = take(arm=arm)
    assert (result.exit_code, len(arm.sent)) == (0, 6 + 300)
    assert result.output.count("Succeeded") == 300
    assert result.output.count("galleryImageId") == 1


def test_one_template_is_read_by_its_id() -> None:
    arm = FakeArm(templates=[template("web"), template("db")])
    result = take("--id", f"{TEMPLATES}/web", arm=arm)
    assert (result.exit_code, len(arm.sent)) == (0, 2)
    assert f"Image Builder's templates in {TEMPLATES}/web:" in result.output
    missing = take("--id", f"{TEMPLATES}/no", arm=arm)
    assert (missing.exit_code, "There is no no." in missing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--id", "web"), "--id takes an image template's id, got 'web'."),
        (("--to", "x", "--submit"), "choose one of them"),
        (("--force",), "--force needs --to FOLDER or --submit"),
        (("--subscription", ""), "Name the subscription whose templates are meant"),
        (("--arm-endpoint", "management"), "is not a URL"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: tuple[str, ...], told: str) -> None:
    arm = FakeArm()
    result = take(*arguments, arm=arm)
    assert (result.exit_code, told in result.stderr, arm.sent) == (2, True, [])


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (refusal(404, "SubscriptionNotFound", "The subscription could not be found."), 1, "`az account list` has"),
        (refusal(403, "AuthorizationFailed", "You may not."), 1, "you need the role Reader there"),
        (refusal(401, "InvalidAuthenticationToken", "expired"), 1, "Sign in with `az login`"),
        (Answer(200, {"value": 5}), 1, "answered something unexpected for subscription"),
        (Answer(200, [1]), 1, "answered something unexpected for subscription"),
        (Answer(200, b"<html>"), 1, ENDPOINT),
        (RefusedConnection("refused"), 5, "--arm-endpoint (KILN_ARM_ENDPOINT)"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_azure_that_does_not_answer_well_is_told(answer: Answer | Exception, code: int, told: str) -> None:
    result = take(arm=FakeArm(overrides={"": answer}))
    assert (result.exit_code, told in result.stderr) == (code, True), result.stderr


def test_no_token_goes_to_another_server_that_a_list_names() -> None:
    arm = FakeArm(templates=[template("a"), template("b"), template("c")], next_at="https://evil.example")
    result = take(arm=arm)
    assert (result.exit_code, len(arm.sent)) == (1, 1)
    assert "names a next page of its list on another server" in result.stderr


def test_a_list_without_an_end_is_not_read_for_ever() -> None:
    page = {"value": [template("a")], "nextLink": f"{ENDPOINT}/subscriptions/x/imageTemplates?again"}
    result = take(arm=FakeArm(overrides={"": Answer(200, page)}))
    assert (result.exit_code, "does not end" in result.stderr) == (1, True)


def test_without_templates_it_says_so() -> None:
    result = take("--resource-group", "rg-none", arm=FakeArm(templates=[template("web")]))
    told = f"No templates of Image Builder's in resource group rg-none of subscription {SUBSCRIPTION}, by {ENDPOINT}.\n"
    assert (result.exit_code, result.output) == (0, told)


def test_over_plain_http_no_token_is_sent() -> None:
    arm = FakeArm(overrides={"": refusal(401, "AuthenticationFailed", "no token")})
    result = take("--arm-endpoint", "http://management.azure.com", arm=arm)
    assert (result.exit_code, "Over plain http no token is ever sent" in result.stderr) == (1, True)
    assert "Authorization" not in arm.sent[0].headers


def test_without_a_token_azures_default_credential_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Credential:
        def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
            asked.extend(scopes)
            return AccessToken("of-the-default-credential", 2_000_000_000_000)

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Credential)
    arm = FakeArm(templates=[template("web")])
    assert take(arm=arm, KILN_ARM_TOKEN="").exit_code == 0
    assert arm.sent[0].headers["Authorization"] == "Bearer of-the-default-credential"
    assert set(asked) == {f"{ENDPOINT}/.default"}
    assert take("--arm-scope", "https://x/.default", arm=arm, KILN_ARM_TOKEN="").exit_code == 0
    assert asked[-1] == "https://x/.default"
