"""Options of `kiln local up`, and the folders of its data.

It must not know how anything is started.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
"""The folder of function_app.py, which the local Functions host serves."""


SETTINGS = "KILN_"
"""The beginning of the names of Kiln's own settings."""


def setting(text: str) -> tuple[str, str]:
    """Return a setting of the app from `KILN_NAME=value`. Raises ValueError for a text of another form."""
    name, equals, value = text.partition("=")
    if not equals or not name.startswith(SETTINGS):
        raise ValueError(f"{text!r} is no setting of Kiln: expected {SETTINGS}NAME=VALUE")
    return name, value


class GuestKind(StrEnum):
    """Kinds of virtual machines: real ones, or scripted ones in the local Azure's own process."""

    QEMU = "qemu"
    SCRIPTED = "scripted"


class LatencyProfile(StrEnum):
    """Latencies of the local Azure: no longer than it must be, or about Azure's."""

    INSTANT = "instant"
    AZURE = "azure"


@dataclass(frozen=True)
class Options:
    """The settings of one `kiln local up`. Port 0: the port of the last time if it is free, else any free one.

    `settings` are the app's own, over those that a local Kiln has anyway.
    """

    guests: GuestKind = GuestKind.QEMU
    latency: LatencyProfile = LatencyProfile.INSTANT
    time_scale: float = 1.0
    port: int = 7071
    azure_port: int = 7072
    azurite_port: int = 7073
    data: Path = REPOSITORY / ".kiln"
    app: Path = REPOSITORY
    settings: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", self.data.absolute())
        object.__setattr__(self, "app", self.app.absolute())

    @property
    def tls(self) -> Path:
        """The folder of the certificates that all parts serve with."""
        return self.data / "tls"

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.data / "logs"
