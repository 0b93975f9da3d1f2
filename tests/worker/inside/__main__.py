"""`python -m inside`: read a request a line, as JSON; let azure-functions-runtime answer it; write the answer as JSON.

It takes the place of Microsoft's proxy worker (`proxy_worker/dispatcher.py` in Azure/azure-functions-python-worker),
which gets the messages from the host. Each message goes through its wire format, and so does its answer. What the app
prints goes to stderr, as does its log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import types
from typing import TYPE_CHECKING, Any

import azure_functions_runtime as runtime
from google.protobuf.json_format import MessageToDict, ParseDict

from .messages import protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_HANDLERS: dict[str, Callable[[Any], Any]] = {
    "worker_init_request": runtime.worker_init_request,
    "functions_metadata_request": runtime.functions_metadata_request,
    "function_load_request": runtime.function_load_request,
    "invocation_request": runtime.invocation_request,
}


async def _answer(protos: Any, request: dict[str, Any]) -> dict[str, Any]:
    (kind,) = request
    message = ParseDict({"request_id": "1", **request}, protos.StreamingMessage())
    received = protos.StreamingMessage.FromString(message.SerializeToString())
    envelope = types.SimpleNamespace(request=received, properties={"protos": protos, "host": "127.0.0.1"})
    answer = await _HANDLERS[kind](envelope)
    sent = type(answer).FromString(answer.SerializeToString())
    told: dict[str, Any] = MessageToDict(sent, preserving_proto_field_name=True)
    return told


async def _serve(protos: Any, answers: Any) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answers.write(json.dumps(await _answer(protos, json.loads(line))) + "\n")
        answers.flush()


def main() -> None:
    """Serve until stdin ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
        runtime.start_threadpool_executor()
        asyncio.run(_serve(protocol(), answers))
        runtime.stop_threadpool_executor()


if __name__ == "__main__":
    main()
