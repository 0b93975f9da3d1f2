"""Signed URLs in templates are stored, built and shown without their signatures, and sent back so change nothing."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from kiln.errors import ArtifactUnavailable
from kiln.ids import TemplateId
from kiln.runs.documents import documents
from kiln.runs.runs import Runs
from kiln.runs.template_secrets import TemplateSecrets
from kiln.runs.templates import Templates
from kiln.runs.transitions import settle
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body, template_path
from tests.contract.kiln_api.in_process import Api

if TYPE_CHECKING:
    from kiln.ids import TemplateId as Id

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")

PLAIN = "https://acc.blob.core.windows.net/scripts"
SAS = "?sv=2024-11-04&se=2026-11-23T00%3A00%3A00Z&sr=b&sp=r&sig="
CANARIES = ("Y2FuYXJ5LXNjcmlwdA%3D%3D", "Y2FuYXJ5LWZpbGU%3D", "canary-word", "Y2FuYXJ5LW92ZXJyaWRl")
SCRIPT = f"{PLAIN}/a.sh{SAS}{CANARIES[0]}"
FILE = f"https://files.example.com/motd?token={CANARIES[1]}&password={CANARIES[2]}"


def signed() -> dict[str, Any]:
    """Return a template with two signed URLs."""
    steps = [
        {"type": "Shell", "name": "a", "scriptUri": SCRIPT},
        {"type": "File", "name": "b", "sourceUri": FILE, "destination": "/tmp/motd"},
    ]
    return template_body(customize=steps)


class Template:
    """A new template, over the handlers themselves."""

    def __init__(self) -> None:
        self.id = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
        self.path = template_path(self.id.group, "web")
        self.api = Api()

    def put(self, body: dict[str, Any], **headers: str) -> Any:
        answer = self.api("PUT", self.path, body, None, **headers)
        assert answer.status < 300, answer.body
        self.settle()
        return answer

    def settle(self) -> None:
        Templates().update(self.id, lambda known: settle(known, known.version, datetime.now(UTC), None))

    def get(self, below: str = "") -> Any:
        return self.api("GET", f"{self.path}{below}").body

    def whole(self) -> list[str]:
        """Return the URLs of the template's steps, as a build fetches them."""
        steps = Templates().require(self.id).body["properties"]["customize"]
        shown = [step.get("scriptUri") or step["sourceUri"] for step in steps]
        return [TemplateSecrets().whole(self.id, url).reveal() for url in shown]


@pytest.fixture
def template() -> Template:
    return Template()


def texts(template: Id) -> dict[str, str]:
    """Return all documents of a template as text, by path."""
    store = documents()
    paths = [path for path in store.paths("") if template.key in path or "operations/" in path]
    return {path: str(store._container.download_blob(path).readall()) for path in paths}


def test_no_answer_and_no_document_but_its_own_has_a_signature(template: Template) -> None:
    answers = [template.put(signed()).body]
    overrides = {"optimize": {"workload": {"state": "Enabled", "scriptUri": f"{PLAIN}/o.sh{SAS}{CANARIES[3]}"}}}
    answers.append(template.api("POST", f"{template.path}/run", {"overrides": overrides}).body)
    template.put({**signed(), "tags": {"team": "others"}})
    run = next(iter(Runs().ids(template.id)))
    below = ("", "/versions", "/versions/1", "/versions/2", "/runs", f"/runs/{run}")
    answers += [template.get(place) for place in below]
    answers.append(template.api("GET", template.path.rsplit("/", 1)[0]).body)

    for canary in CANARIES:
        assert canary not in str(answers)
        found = [path for path, text in texts(template.id).items() if canary in text]
        assert len(found) == 1
        assert found[0].startswith(f"secrets/{template.id.key}/urls/")
    assert "sig=REDACTED" in str(answers)
    stored = Runs().require(template.id, run)
    workload = stored.body["properties"]["optimize"]["workload"]["scriptUri"]
    assert TemplateSecrets().whole(template.id, workload).reveal().endswith(CANARIES[3])


def test_what_was_read_can_be_sent_back_and_is_still_fetched_whole(template: Template) -> None:
    template.put(signed())
    read = template.api("GET", template.path)
    assert template.whole() == [SCRIPT, FILE]

    same = template.put(read.body, **{"If-Match": read.headers["ETag"]})
    assert (same.status, Templates().require(template.id).version) == (200, 1)

    changed = copy.deepcopy(read.body)
    changed["properties"]["customize"].reverse()
    template.put(changed)
    assert Templates().require(template.id).version == 2
    assert template.whole() == [FILE, SCRIPT]


@pytest.mark.parametrize("times", [1, 2])
def test_a_signed_url_that_a_proxy_is_to_fetch_is_kept_whole_and_shown_without_its_signature(
    template: Template, times: int
) -> None:
    inner, hidden = SCRIPT, SCRIPT.replace(CANARIES[0], "REDACTED")
    for _ in range(times):
        inner, hidden = quote(inner, safe=""), quote(hidden, safe="")
    proxied = f"https://proxy.example.com/fetch?url={inner}&as=script"
    body = signed()
    body["properties"]["customize"][0]["scriptUri"] = proxied
    template.put(body)

    read = template.get()

    script = read["properties"]["customize"][0]["scriptUri"]
    assert "Y2FuYXJ5" not in str(read)
    assert script == proxied.replace(inner, hidden)
    assert template.whole() == [proxied, FILE]
    template.put(read)
    assert (Templates().require(template.id).version, template.whole()) == (1, [proxied, FILE])
    moved = copy.deepcopy(read)
    moved["properties"]["customize"][0]["scriptUri"] = script.replace("proxy.example.com", "attacker.example")
    assert template.api("PUT", template.path, moved).status == 400


def test_the_same_body_again_is_no_new_version(template: Template) -> None:
    template.put(signed())
    template.put(signed())
    assert Templates().require(template.id).version == 1


def test_a_signature_that_is_sent_anew_is_the_one_that_counts(template: Template) -> None:
    template.put(signed())
    renewed = signed()
    renewed["properties"]["customize"][0]["scriptUri"] = f"{PLAIN}/a.sh{SAS}bmV3"
    template.put(renewed)
    assert template.whole()[0] == f"{PLAIN}/a.sh{SAS}bmV3"


def test_a_patch_leaves_signatures_alone(template: Template) -> None:
    template.put(signed())
    assert template.api("PATCH", template.path, {"tags": {"a": "b"}}).status == 200
    vm = {"properties": {"vmProfile": {"vmSize": "Standard_D2s_v5"}}}
    assert template.api("PATCH", template.path, vm).status == 202
    assert Templates().require(template.id).version == 2
    assert template.whole() == [SCRIPT, FILE]


@pytest.mark.parametrize(
    "url",
    [
        f"{PLAIN}/never.sh{SAS}REDACTED",
        f"https://attacker.example/scripts/a.sh{SAS}REDACTED",
        f"{PLAIN}/a.sh{SAS}REDACTED&token=given",
        "https://files.example.com/motd?token=given&password=REDACTED",
    ],
)
def test_a_hidden_signature_stands_for_none_but_its_own_urls(template: Template, url: str) -> None:
    template.put(signed())
    body = signed()
    body["properties"]["customize"][0]["scriptUri"] = url

    answer = template.api("PUT", template.path, body)

    assert answer.status == 400
    assert answer.error["details"][0]["target"] == "properties.customize[0].scriptUri"
    assert "send the whole URL" in answer.error["details"][0]["message"]
    assert template.whole() == [SCRIPT, FILE]


def test_another_templates_signature_is_not_to_be_had(template: Template) -> None:
    template.put(signed())
    read = template.get()
    other = Template()
    assert other.api("PUT", other.path, read).status == 400


def test_urls_that_differ_in_their_signatures_alone_are_refused(template: Template) -> None:
    body = signed()
    body["properties"]["customize"].append({"type": "Shell", "name": "c", "scriptUri": f"{PLAIN}/a.sh{SAS}b3RoZXI"})
    answer = template.api("PUT", template.path, body)
    assert answer.status == 400
    assert answer.error["target"] == "properties.customize[2].scriptUri"
    assert "b3RoZXI" not in str(answer.body)


def test_signatures_go_with_their_template(template: Template) -> None:
    template.put(signed())
    shown = template.get()["properties"]["customize"][0]["scriptUri"]
    Runs().delete_all(template.id, lambda: True)
    assert not [path for path in texts(template.id) if path.startswith("secrets/")]
    with pytest.raises(ArtifactUnavailable, match="Submit the template again"):
        TemplateSecrets().whole(template.id, shown)


def test_nothing_is_kept_of_a_template_that_is_being_deleted(template: Template) -> None:
    template.put(template_body())
    assert template.api("DELETE", template.path).status == 202
    assert template.api("PUT", template.path, signed()).status == 409
    assert not [path for path in texts(template.id) if path.startswith("secrets/")]


def test_a_url_with_a_password_is_refused_and_nothing_of_it_is_kept(template: Template) -> None:
    body = signed()
    body["properties"]["customize"][1]["sourceUri"] = f"https://me:{CANARIES[2]}@files.example.com/motd"

    answer = template.api("PUT", template.path, body)

    assert answer.status == 400
    assert answer.error["target"] == "properties.customize[1].sourceUri"
    assert CANARIES[2] not in str(answer.body)
    assert not [path for path in texts(template.id) if template.id.key in path]
