"""The commands of the local Azure and the local Functions host, and how each says that it answers.

It must not know in which order they run, or what happens when one ends.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from devkit.child import Child
from devkit.local.environment import app_settings, inherited

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite
    from devkit.local.options import Options

READY = re.compile(r"^ready (\S+)$")
_STATE_ACCOUNT = "kilnstate"
_HOST_START_SECONDS = 60
_AZURE_START_SECONDS = 900  # the first time, it makes the machines' base image


def azure_command(options: Options, azurite: Azurite, port: int) -> list[str]:
    """Return the command that starts the local Azure on `port`, with `azurite` as its storage."""
    return [
        *(sys.executable, "-m", "devkit.local.azure"),
        *("--port", str(port), "--data", str(options.data / "azure"), "--guests", options.guests),
        *("--latency", options.latency, "--time-scale", str(options.time_scale)),
        *("--accounts", str(azurite.accounts.file), "--blob", azurite.accounts.origin),
        *("--tls", str(options.tls)),
    ]


def start_azure(options: Options, azurite: Azurite, port: int) -> Child:
    """Start the local Azure on `port`, with `azurite` as its storage."""
    command = azure_command(options, azurite, port)
    return Child("the local Azure", command, log=options.logs / "azure.log", environment=inherited())


def azure_address(child: Child) -> str:
    """Wait until the local Azure answers and return its base URL. Raises ChildFailed."""
    return child.wait_for(READY, timeout=_AZURE_START_SECONDS)[1]


def start_host(options: Options, azurite: Azurite, azure: str, topic: str, port: int) -> Child:
    """Start the host on `port`; its app's Azure is the one at `azure`, its topic `topic`, its storage `azurite`."""
    azurite.accounts.create(_STATE_ACCOUNT)
    state, ca = azurite.accounts.endpoint(_STATE_ACCOUNT), str(azurite.certificates.ca)
    settings = app_settings(azure=azure, state=state, ca=ca, topic=topic, given=options.settings)
    command = [
        *(sys.executable, "-m", "devkit.host", "--app", str(options.app)),
        *("--port", str(port), "--db", str(options.data / "host.db")),
        *("--tls", str(options.tls), "--keys", str(keys_file(options.data))),
    ]
    log = options.logs / "host.log"
    return Child("the Functions host", command, log=log, environment=inherited() | settings)


def keys_file(data: Path) -> Path:
    """Return the file in the data folder that has the host's own key."""
    return data / "host-keys.json"


def host_address(child: Child) -> str:
    """Wait until the Functions host answers and return its base URL. Raises ChildFailed."""
    return child.wait_for(READY, timeout=_HOST_START_SECONDS)[1]
