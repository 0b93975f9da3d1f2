from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from devkit.supply_chain import audit as module
from devkit.supply_chain.audit import Verdict, audit, is_reachable, main

if TYPE_CHECKING:
    from pathlib import Path

FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": ["CVE-2026-1"], "description": "bad"}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.txt"
    file.write_text("".join(f"{name}==1.0 \\\n    --hash=sha256:{'0' * 64}\n    # via -r x\n" for name in ("a", "b")))
    return file


def report(**packages: Any) -> str:
    """Return what pip-audit prints: a list of flaws for each package, or why it was skipped."""
    found = [
        {"name": name, "skip_reason": said}
        if isinstance(said, str)
        else {"name": name, "version": "1.0", "vulns": said}
        for name, said in packages.items()
    ]
    return json.dumps({"dependencies": found, "fixes": []})


@pytest.mark.parametrize(
    ("reachable", "said", "verdict"),
    [
        ([True], report(a=[], b=[]), Verdict.CLEAN),
        ([True], report(a=[FLAW], b=[]), Verdict.VULNERABLE),
        ([True], report(a=[FLAW], b="not found"), Verdict.VULNERABLE),
        ([True], report(a=[], b="not found"), Verdict.BROKEN),
        ([True], report(a=[]), Verdict.BROKEN),
        ([True, True], "ERROR: something", Verdict.BROKEN),
        ([True, True], "[]", Verdict.BROKEN),
        ([True, False], "ERROR: the connection was lost", Verdict.UNREACHABLE),
        ([False], "", Verdict.UNREACHABLE),
    ],
)
def test_only_what_was_judged_and_found_good_is_clean(
    lock: Path, reachable: list[bool], said: str, verdict: Verdict
) -> None:
    asked = iter(reachable)
    assert audit(lock, reachable=lambda: next(asked), ask=lambda _: said).verdict is verdict


def test_a_flaw_is_named_with_the_version_that_fixes_it(lock: Path) -> None:
    told = audit(lock, reachable=lambda: True, ask=lambda _: report(a=[FLAW], b=[])).told
    assert told == "a 1.0: PYSEC-2026-1, fixed in 1.1"


@pytest.mark.parametrize(
    ("verdict", "normal", "strict"),
    [
        (Verdict.CLEAN, 0, 0),
        (Verdict.UNREACHABLE, 0, 1),
        (Verdict.VULNERABLE, 1, 1),
        (Verdict.BROKEN, 1, 1),
    ],
)
def test_no_network_is_no_failure_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verdict: Verdict, normal: int, strict: int
) -> None:
    monkeypatch.setattr(module, "audit", lambda *_, **__: module.Audited(verdict, "because"))
    for options, code in (([], normal), (["--strict"], strict)):
        monkeypatch.setattr("sys.argv", ["audit", *options])
        assert main() == code
    assert f"audit: {verdict.value}: because" in capsys.readouterr().out


class Database(BaseHTTPRequestHandler):
    """Knows the vulnerabilities of `a`, and nothing else."""

    def do_GET(self) -> None:
        known = self.path == "/pypi/a/1.0/json"
        self.send_response(200 if known or "files" in self.path else 404)
        self.end_headers()
        self.wfile.write(b'{"vulnerabilities": []}' if known else b"<html>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.sockets
@pytest.mark.parametrize(("path", "known"), [("pypi", True), ("mirror", False), ("files", False)])
def test_a_database_that_knows_a_release_can_be_reached(
    monkeypatch: pytest.MonkeyPatch,
    lock: Path,
    path: str,
    known: bool,  # noqa: FBT001 - a table's column
) -> None:
    with HTTPServer(("127.0.0.1", 0), Database) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{path}/{{name}}/{{version}}/json"
        monkeypatch.setattr(module, "DATABASE", url)
        assert is_reachable(lock) is known
        server.shutdown()


@pytest.mark.sockets
def test_nobody_at_the_database_s_address_is_no_network(monkeypatch: pytest.MonkeyPatch, lock: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Database) as gone:
        port = gone.server_port
    monkeypatch.setattr(module, "DATABASE", f"http://127.0.0.1:{port}/{{name}}/{{version}}/json")
    assert not is_reachable(lock)
