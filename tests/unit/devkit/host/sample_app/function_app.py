"""A small function app: HTTP functions of every kind around the sample flows."""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from tests.unit.devkit.host.sample_flows import bp

if TYPE_CHECKING:
    from collections.abc import Generator

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(bp)


def answer(value: Any, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), status_code=status, mimetype="application/json")


@app.route(route="things/{name}/{*rest}", methods=["GET", "PUT"])
def things(req: func.HttpRequest) -> func.HttpResponse:
    return answer(
        {
            "method": req.method,
            "url": req.url,
            "params": dict(req.route_params),
            "query": dict(req.params),
            "headers": dict(req.headers),
            "body": req.get_body().decode(),
        }
    )


@app.route(route="cookies")
async def cookies(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("eaten", headers={"Set-Cookie": "a=1", "X-Method": req.method})


@app.route(route="broken")
def broken(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  # the binding needs it
    raise RuntimeError("deliberate")


@app.route(route="header", methods=["POST"])
def header(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(headers={"X-Echo": req.get_body().decode()})


@app.route(route="bodied", methods=["POST"])
def bodied(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  # the binding needs it
    return func.HttpResponse("no content, they said", status_code=204)


@app.route(route="nothing", methods=["POST"])
def nothing(req):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG001  # "-> None" would not be loaded
    return None


@app.route(route="text", methods=["POST"])
def text(req: func.HttpRequest) -> str:
    return req.get_body().decode()


@app.route(route="twice", methods=["POST"])
def twice(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  # the binding needs it
    return func.HttpResponse(headers={"X-Case": "first", "x-case": "second"})


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: Any, context: func.Context) -> func.HttpResponse:
    body = req.get_body()
    given = json.loads(body) if body else None
    instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), given)
    response: func.HttpResponse = client.create_check_status_response(req, instance_id)
    response.headers["X-Invocation"] = context.invocation_id
    return response


@app.route(route="client/{operation}/{id}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def manage(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Call one operation of the durable client with the arguments in the body."""
    arguments = json.loads(req.get_body() or b"[]")
    operation = getattr(client, req.route_params["operation"])
    try:
        result = await operation(req.route_params["id"], *arguments)
    except Exception as error:  # noqa: BLE001  # the client raises plain exceptions
        return answer({"error": str(error)}, status=400)
    if hasattr(result, "historyEvents"):
        return answer({"status": result.to_json(), "history": result.historyEvents})
    if hasattr(result, "to_json"):
        return answer(result.to_json() if result else None)
    return answer(getattr(result, "instances_deleted", result))


@app.route(route="client/list", methods=["GET"])
@app.durable_client_input(client_name="client")
async def listed(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    if "status" in req.params:
        wanted = [df.OrchestrationRuntimeStatus(req.params["status"])]
        found = await client.get_status_by(runtime_status=wanted)
    else:
        found = await client.get_status_all()
    return answer(sorted(item.instance_id for item in found))


@app.activity_trigger(input_name="payload")
async def flaky(payload: Any) -> str:
    return f"asynchronous {payload}"


@app.activity_trigger(input_name="payload")
def journal(payload: int) -> int:
    """Write down that the activity ran, then wait until the test lets it go on."""
    folder = Path(os.environ["JOURNAL"])
    with (folder / "runs").open("a") as runs:
        runs.write(f"{payload}\n")
    with (folder / f"gate-{payload}").open() as gate:
        gate.read(1)
    return payload


@app.orchestration_trigger(context_name="context")
def journaled(context: Any) -> Generator[Any, Any, Any]:
    seen: list[int] = []
    for number in range(context.get_input()):
        result = yield context.call_activity("journal", number)
        seen += [result]
    return seen
