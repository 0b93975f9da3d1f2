"""Microsoft's worker as a process that holds the app as it is deployed; asked as the Functions host asks it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.unit.infra.deployed import ROOT, files
from tests.worker.environment import AS_ON_AZURE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_DRIVER = Path(__file__).with_name("inside")
_SECONDS = 60

Message = dict[str, Any]
"""A protobuf message in its JSON mapping."""


class WorkerFailed(Exception):
    """The worker refused a request of the host's, or died; the message ends with the end of its log."""


class MicrosoftWorker:
    """The app in a folder of its own, in Microsoft's worker on `interpreter`; a context manager.

    `functions` are its descriptions of the app's functions, by name.
    """

    def __init__(self, interpreter: Path, folder: Path, settings: Mapping[str, str]) -> None:
        self._interpreter = interpreter
        self._settings = dict(settings)
        self._log = folder / "worker.log"
        self.app = folder / "app"
        self.functions: dict[str, Message] = {}
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        """Copy the deployed files, start the worker, and let it index and load every function."""
        for path in files():
            (self.app / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, self.app / path)
        driver = self.app.with_name("driver")
        shutil.copytree(_DRIVER, driver / _DRIVER.name)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(AS_ON_AZURE.python(self._interpreter)), "-m", _DRIVER.name],
                cwd=self.app,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(driver), **self._settings},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            self._start()
        except BaseException:
            self._process.kill()
            self._process.communicate()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it end."""
        self._process.communicate(timeout=_SECONDS)

    def _start(self) -> None:
        directory = {"function_app_directory": str(self.app)}
        self._succeeded(self._ask("worker_init_request", {"host_version": "4", **directory}))
        told = self._succeeded(self._ask("functions_metadata_request", directory))
        self.functions = {item["name"]: item for item in told.get("function_metadata_results", ())}
        for item in self.functions.values():
            request = {"function_id": item["function_id"], "metadata": item}
            self._succeeded(self._ask("function_load_request", request))

    def invoke(self, name: str, inputs: Mapping[str, Message]) -> Message:
        """Call a function, with TypedData for each of its parameters; return the InvocationResponse, good or bad."""
        return self._ask(
            "invocation_request",
            {
                "invocation_id": str(uuid.uuid4()),
                "function_id": self.functions[name]["function_id"],
                "input_data": [{"name": parameter, "data": data} for parameter, data in inputs.items()],
            },
        )

    def log(self) -> str:
        """Return the log and the output of worker and app."""
        return self._log.read_text(errors="replace")

    def _ask(self, kind: str, message: Message) -> Message:
        pipes = self._process
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        with self._one_at_a_time:
            try:
                pipes.stdin.write(json.dumps({kind: message}).encode() + b"\n")
                pipes.stdin.flush()
            except BrokenPipeError:
                raise WorkerFailed(self._end()) from None
            line = pipes.stdout.readline()
        if not line:
            raise WorkerFailed(self._end())
        answer: Message = json.loads(line)
        return answer

    def _succeeded(self, answer: Message) -> Message:
        if answer["result"].get("status") != "Success":
            raise WorkerFailed(f"{answer['result']}\n{self._end()}")
        return answer

    def _end(self) -> str:
        return self.log()[-4000:]
