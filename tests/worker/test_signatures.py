"""Microsoft's worker loads and refuses the functions that the local host loads and refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.devkit.host.signature_cases import ACCEPTED, HEAD, REFUSED
from tests.worker.environment import AS_ON_AZURE
from tests.worker.interpreter import absence, interpreter


def test_the_local_host_refuses_what_microsofts_worker_refuses_and_takes_what_it_takes(tmp_path: Path) -> None:
    python = interpreter()
    if python is None:
        pytest.skip(absence())
    cases = {f"f{number}": code for number, code in enumerate([*ACCEPTED, *(code for code, _ in REFUSED)])}
    declared = [
        code.replace("def f(", f"def {name}(").replace("route='f'", f"route='{name}'") for name, code in cases.items()
    ]
    (tmp_path / "every_function.py").write_text("\n".join([HEAD, *declared]))
    command = [str(AS_ON_AZURE.python(python)), "-m", "inside.judge", "every_function"]
    paths = f"{tmp_path}:{Path(__file__).parent}"
    said = subprocess.run(command, env={"PYTHONPATH": paths}, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    verdicts = json.loads(said.stdout)

    loaded = [cases[name] for name, why in verdicts.items() if why is None]
    undecoded = [code for code, why in REFUSED if "undecoded" in why]  # loaded by the worker, refused here by name
    assert loaded == [*ACCEPTED, *undecoded], verdicts
