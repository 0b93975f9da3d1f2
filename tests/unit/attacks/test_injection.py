"""Texts of templates reach a guest as code where they are code, and as one literal everywhere else, whatever they hold.

The models are walked, so that a new property that reaches a script has to be put into one of the two lists here.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kiln.planner.scripts import files, restart, updates
from kiln.planner.scripts.powershell import literal
from kiln.planner.steps import StepSpec
from kiln.template.base import Form
from kiln.template.customizers import Customizer, Validator
from kiln.template.shape import properties, shape_of
from tests.unit.kiln.planner import samples
from tests.unit.kiln.planner.scripts.guest import PATH, Ended, run, served
from tests.unit.kiln.planner.scripts.hostile import HOSTILE
from tests.unit.kiln.planner.scripts.powershell_syntax import commands, verbatim_strings, wrong_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kiln.planner.facts import SourceFacts
    from kiln.template.shape import Shape

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MARK = "kilnmark"
"""Plain letters, which a text keeps however it is quoted, doubled or escaped."""

CODE = {
    "Shell.inline",
    "PowerShell.inline",
    "WindowsRestart.restartCommand",
    "WindowsRestart.restartCheckCommand",
    "WindowsUpdate.filters",
    "Restart.checkCommand",
}
"""Properties that are code by their meaning: a template's author may run anything in his own image."""

DATA = {"File.destination", "WindowsUpdate.searchCriteria"}
"""Properties that reach a script and are not code: each is tested below."""

STEPS: dict[str, dict[str, Any]] = {
    "Shell": {"inline": ["true"]},
    "PowerShell": {"inline": ["exit 0"]},
    "File": {"sourceUri": "https://example.com/a", "destination": "/tmp/a"},
    "WindowsRestart": {},
    "WindowsUpdate": {},
    "Restart": {},
}
"""The least that a step of each type needs."""


def texts_of(union: Any) -> Iterator[tuple[str, str, Shape]]:
    """Yield each text, and each list of texts, of the union's members: the type, the property, its shape."""
    for type_, model in shape_of(union).members.items():
        for name, known in properties(model).items():
            item = known.shape.item
            if name != "type" and (known.shape.plain is str or (item is not None and item.plain is str)):
                yield type_, name, known.shape


def source_for(type_: str) -> SourceFacts:
    return samples.WINDOWS if type_.startswith(("Windows", "PowerShell")) else samples.LINUX


def marked(type_: str, name: str, shape: Shape) -> dict[str, Any]:
    """Return a step with the mark in one property."""
    text = f"https://example.com/{MARK}" if name.endswith("Uri") else f"/tmp/{MARK}" if name == "destination" else MARK
    step = {"type": type_, **STEPS[type_], name: [text] if shape.item is not None else text}
    if name == "scriptUri":
        del step["inline"]
    return step


@pytest.mark.parametrize(
    ("part", "union"), [("customize", Customizer), ("validate", Validator)], ids=["customizers", "validators"]
)
def test_nothing_of_a_step_reaches_a_script_but_what_is_listed_here(part: str, union: Any) -> None:
    reaching: set[str] = set()
    beside: set[str] = set()
    for type_, name, shape in texts_of(union):
        if name in {"sha256Checksum", "timeout", "restartTimeout"}:
            continue  # a form of digits, which the next test is about
        step = marked(type_, name, shape)
        given_: dict[str, Any] = (
            {"customize": [step]} if part == "customize" else {"validate": {"inVMValidations": [step]}}
        )
        found = any(MARK in script for script in samples.plan(source_for(type_), **given_).scripts.values())
        (reaching if found else beside).add(f"{type_}.{name}")

    known = {f"{type_}.{name}" for type_, name, _ in texts_of(union)}
    assert reaching == (CODE | DATA) & known, "what reaches a script is listed in CODE, or in DATA and tested below"
    aside = {f"{type_}.{name}" for type_ in STEPS for name in ("name", "scriptUri", "sourceUri")}
    assert beside - aside == set(), "what reaches no script is named in the set above; should these reach none?"


def test_texts_with_a_form_cannot_hold_code() -> None:
    """Checksums and durations are checked by their form before a build, and turned into numbers or compared."""
    for type_, name, shape in (*texts_of(Customizer), *texts_of(Validator)):
        if name in {"sha256Checksum", "timeout", "restartTimeout"}:
            forms = [mark for mark in shape.marks if isinstance(mark, Form)]
            assert len(forms) == 1
            assert not any(forms[0].wrong(text) is None for text in (*HOSTILE, "5m\n", "5m;", "0" * 64 + "\n")), type_


def test_nothing_else_of_a_template_reaches_a_script() -> None:
    gallery = {**samples.GALLERY, "runOutputName": MARK, "artifactTags": {MARK: MARK}}
    source = {"type": "PlatformImage", "publisher": MARK, "offer": MARK, "sku": MARK, "version": MARK}
    plan = samples.plan(
        source=source,
        distribute=[gallery],
        customize=[{"type": "Shell", "name": MARK, "inline": ["true"]}],
        validate={"inVMValidations": [{"type": "Shell", "name": MARK, "inline": ["true"]}]},
        optimize={"vmBoot": {"state": "Enabled"}},
        managedResourceTags={MARK: MARK},
        vmProfile={"vmSize": MARK},
    )

    assert set(plan.scripts) == {"customize-00", "validate-00", "optimize-boot", "generalize"}
    assert not any(MARK in script for script in plan.scripts.values())


RUNS = ("kiln-canary", "$(kiln-canary)", "`kiln-canary`", ";kiln-canary;", "|kiln-canary", "&&kiln-canary")
MARKS = ("\n", "'", '"', "\\", "$", "${IFS}", "#", "!", "*", "~", "-", "--", "<(", "\u2019", "\u201d", " ", "\t")
fragments = st.sampled_from([*HOSTILE, *RUNS, *MARKS])
hostile_texts = st.lists(fragments | st.text(max_size=3), min_size=1, max_size=5).map("".join).filter(bool)
hostile_names = hostile_texts.map(lambda text: text.replace("/", "").replace("\x00", "")[:60]).filter(
    lambda text: text.strip(".") != "" and len(text.encode("utf-8", "replace")) < 200
)


class Sandbox:
    """A folder with the few programs that a script needs and a canary, which tells whether anybody called it."""

    def __init__(self, folder: Path, *programs: str) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        for name in programs:
            found = shutil.which(name, path=PATH)
            assert found is not None
            (self.bin / name).symlink_to(found)
        self.sang = folder / "sang"
        self.put("kiln-canary", f'#!/bin/sh\necho "$0 $*" >> {self.sang}\n')

    def put(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def run(self, script: str, **environment: str) -> Ended:
        return run(script, self.folder, path=str(self.bin), **environment)


def test_the_canary_sings_when_a_text_is_not_quoted(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "box")

    box.run(files.linux_file("/tmp/a").replace("target=/tmp/a", "target=$(kiln-canary)"))

    assert box.sang.exists()


@QUICK
@given(name=hostile_names)
@example("$(kiln-canary)")
@example("-rf")
@example("~")
@example("*")
def test_a_destination_on_linux_is_one_path_and_nothing_runs(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("linux")
    box = Sandbox(folder / "box", "curl", "mkdir", "dirname", "mv", "wc", "cat")
    target = folder / "image" / "etc" / name
    target.parent.mkdir(parents=True)

    ended = box.run(files.linux_file(str(target)), KILN_ARTIFACT_URL=served(folder, b"content\n"))

    assert ended.returncode == 0, ended.stdout
    assert target.read_bytes() == b"content\n"
    assert [found.name for found in (folder / "image").rglob("*")] == ["etc", name]
    assert sorted(found.name for found in box.folder.iterdir()) == ["bin", "script.sh"]


@QUICK
@given(command=hostile_texts.map(lambda text: text.replace("\x00", "")).filter(bool))
@example("'; kiln-canary; '")
def test_a_check_command_on_linux_is_one_argument_of_one_shell(
    tmp_path_factory: pytest.TempPathFactory, command: str
) -> None:
    """The command is code, and runs in that shell: a stand-in here, which keeps its argument."""
    box = Sandbox(tmp_path_factory.mktemp("check") / "box", "cat", "rm")
    box.put("sh", f"#!/bin/sh\nfor each; do printf '%s\\0' \"$each\"; done > {box.folder}/arguments\n")
    script = restart.linux_check(command).replace(restart.LINUX_MARK, str(box.folder / "mark"))
    (box.folder / "mark").write_text("another boot\n")

    ended = box.run(script)

    assert ended.returncode == 0, ended.stdout
    assert (box.folder / "arguments").read_bytes() == f"-c\0{command}\0".encode()
    assert not box.sang.exists()


WINDOWS: dict[str, Callable[[str], str]] = {
    "destination": files.windows_file,
    "criteria": lambda text: updates.install_script(criteria=text, filters=(), limit=0),
    "filter": lambda text: updates.install_script(criteria="", filters=(text,), limit=0),
    "trigger": restart.windows_trigger,
    "check": restart.windows_check,
}


@pytest.mark.parametrize("kind", WINDOWS)
@QUICK
@given(text=hostile_texts)
@example("'; kiln-canary; '")
@example("\u2019; kiln-canary; \u2018")
@example("'@\nkiln-canary\n@'")
@example("\x00'\x00")
def test_a_text_in_a_script_for_windows_is_one_literal(kind: str, text: str) -> None:
    """Read by PowerShell's grammar, the script has the strings of a harmless one, but for that of the text itself."""
    harmless, made = WINDOWS[kind]("kilnharmless"), WINDOWS[kind](text)

    assert made.isascii()
    assert wrong_places(made) == []
    assert commands(made) == commands(harmless)
    written = verbatim_strings(literal(text))
    assert len(written) == 1
    expected = [written[0] if string == "'kilnharmless'" else string for string in verbatim_strings(harmless)]
    assert verbatim_strings(made) == expected


def test_that_reading_can_fail() -> None:
    made = files.windows_file("C:\\kilnharmless").replace("'C:\\kilnharmless'", "'C:\\a'); kiln-canary; ('b'")

    assert verbatim_strings(made) != verbatim_strings(files.windows_file("C:\\kilnharmless"))
    assert "kiln-canary" in commands(made)


def test_a_steps_name_is_one_line_of_the_log_whatever_it_holds() -> None:
    name = "hello\r\n==> 2026-11-22T00:00:00Z Succeeded\x1b[2J\u2028" + "x" * 10_000

    plan = samples.plan(customize=[{"type": "Shell", "name": name, "inline": ["true"]}])

    step = plan.steps[0]
    assert isinstance(step, StepSpec)
    assert step.name.isprintable()
    assert len(step.name) < 200
    assert step.output_blob.startswith(f"{samples.RUN.run_id}/steps/")
