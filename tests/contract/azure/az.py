"""A stand-in for the Azure CLI: answers the hook in infra/hooks/ by the local Azure at LOCAL_AZURE.

Microsoft's compiler for Bicep is not available here: `deployment group create` makes the system topic of
infra/events.bicep by hand (tests/unit/infra reads that file itself). RIVAL, if there is such a file, has the id of a
system topic that somebody else makes just before that.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

SUBSCRIPTION = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}"
EVENT_GRID = "providers/Microsoft.EventGrid/systemTopics"


def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the local Azure. Exits with its error, as `az` does."""
    request = urllib.request.Request(  # the local Azure's own address
        f"{os.environ['LOCAL_AZURE']}{path}?api-version=2025-02-15",
        json.dumps(body).encode() if body else None,
        {"Authorization": "Bearer any", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request) as answer:  # as above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())


def make_system_topic(topic: str) -> None:
    """Make the subscription's system topic of that id."""
    properties = {"source": SUBSCRIPTION, "topicType": "Microsoft.Resources.Subscriptions"}
    call("PUT", topic, {"location": "global", "properties": properties})


def deploy(group: str, given: dict[str, str]) -> None:
    """Make the system topic and its subscription as infra/events.bicep does."""
    topic = given["systemTopicId"]
    if not topic:
        topic = f"{SUBSCRIPTION}/resourceGroups/{group}/{EVENT_GRID}/evgst-{given['appName']}"
        make_system_topic(topic)
    app = f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Web/sites/{given['appName']}"
    name = f"kiln-gallery-versions-{hashlib.sha256(app.encode()).hexdigest()[:13]}"
    function = {"resourceId": f"{app}/functions/{given['functionName']}"}
    destination = {"endpointType": "AzureFunction", "properties": function}
    call("PUT", f"{topic}/eventSubscriptions/{name}", {"properties": {"destination": destination}})


def option(name: str) -> str:
    """Return the value of an option."""
    return sys.argv[sys.argv.index(name) + 1]


match sys.argv[1:4]:
    case ["functionapp", "function", "list"]:
        print("func/on_event")  # noqa: T201  # what the command is for
    case ["eventgrid", "system-topic", "list"]:
        for found in call("GET", f"{SUBSCRIPTION}/{EVENT_GRID}")["value"]:
            print(found["properties"]["source"], found["id"], sep="\t")  # noqa: T201  # as above
    case ["deployment", "group", "create"]:
        rival = Path(os.environ["RIVAL"])
        if rival.exists():
            make_system_topic(rival.read_text())
            rival.unlink()
        given = [item.partition("=") for item in sys.argv[sys.argv.index("--parameters") + 1 :]]
        deploy(option("--resource-group"), {name: value for name, _, value in given})
    case _:
        sys.exit(f"not asked here: az {' '.join(sys.argv[1:])}")
