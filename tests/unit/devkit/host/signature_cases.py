"""Functions as source code: those that the Python worker loads, and those that it refuses."""

from __future__ import annotations

HEAD = """
import typing
import azure.durable_functions as df
import azure.functions as func
if typing.TYPE_CHECKING:
    from decimal import Decimal
app = df.DFApp()
class Boxes(typing.Generic[typing.TypeVar("T")]): ...
class Context: ...
"""
HTTP = "@app.route(route='f')\ndef f"
ACTIVITY = "@app.activity_trigger(input_name='x')\ndef f"
CLIENT = "@app.route(route='f')\n@app.durable_client_input(client_name='client')\nasync def f"
TIMER = "@app.timer_trigger(schedule='1:00:00', arg_name='timer')\ndef f"
EVENT = "@app.event_grid_trigger(arg_name='event')\ndef f"
ACCEPTED = [
    HTTP + "(req): ...",
    HTTP + "(req: func.HttpRequest) -> func.HttpResponse: ...",
    HTTP + "(req: 'func.HttpRequest', context: func.Context) -> str: ...",
    HTTP + "(req, context: Context): ...",
    ACTIVITY + "(x: dict) -> list[str]: ...",
    ACTIVITY + "(x: typing.Dict[str, int]) -> None | str: ...",
    ACTIVITY + "(x: typing.Annotated[dict, 'why']): ...",
    ACTIVITY + "(x: typing.Any): ...",
    ACTIVITY + "(x: str): ...",
    ACTIVITY + "(x: Boxes): ...",
    ACTIVITY + "(x: Boxes[int]): ...",
    CLIENT + "(req, client: df.DurableOrchestrationClient): ...",
    TIMER + "(timer: func.TimerRequest) -> int: ...",
    EVENT + "(event: func.CloudEvent) -> None: ...",
]
REFUSED = [
    (HTTP + "(request): ...", "has the parameters ['request'], which no binding names"),
    (CLIENT + "(req): ...", "lacks the parameters ['client'], which its bindings name"),
    (HTTP + "(req, **more): ...", "has the parameters ['more'], which no binding names"),
    (HTTP + "(req: 'Decimal'): ...", "has annotations that cannot be read: NameError: name 'Decimal' is not defined"),
    (HTTP + "(req: func.HttpResponse): ...", "which is no type of a httpTrigger"),
    (HTTP + "(req: str): ...", "hands over what it got undecoded"),
    (HTTP + "(req: Boxes[int]): ...", "which is no type of a httpTrigger"),
    (HTTP + "(req: func.Out[str]): ...", "but its httpTrigger comes in"),
    (HTTP + "(req) -> None: ...", "returns <class 'NoneType'>, which is no type of a http"),
    (HTTP + "(req) -> dict: ...", "returns <class 'dict'>, which is no type of a http"),
    (HTTP + "(req) -> typing.Any: ...", "returns typing.Any, which is no type of a http"),
    (HTTP + "(req) -> func.HttpResponse | None: ...", "which is no type to the worker"),
    (HTTP + "(req) -> list[str]: ...", "which is no type to the worker"),
    (HTTP + "(req, context: typing.Any): ...", "wants 'context' as typing.Any"),
    (HTTP + "(req, context: 'func.Context | None'): ...", "wants 'context' as"),
    (ACTIVITY + "(x: dict[str, int]): ...", "takes 'x' as dict[str, int], which is no type to the worker"),
    (ACTIVITY + "(x: dict | None): ...", "takes 'x' as dict | None, which is no type to the worker"),
    (ACTIVITY + "(x: typing.Optional[dict]): ...", "which is no type to the worker"),
    (ACTIVITY + "(x: typing.Tuple[int, str]): ...", "which is no type to the worker"),
    (ACTIVITY + "(x: func.Out[str]): ...", "but its activityTrigger comes in"),
    (TIMER + "(timer: typing.Any): ...", "takes 'timer' as typing.Any, which is no type of a timerTrigger"),
    (TIMER + "(timer: str): ...", "hands over what it got undecoded"),
    (EVENT + "(event: typing.List[func.EventGridEvent]): ...", "which is no type of a eventGridTrigger"),
]
