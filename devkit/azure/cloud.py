"""The local Azure's parts, gathered for its rules: state, operations, machines, blobs and configuration.

It owns nothing but their wiring; it must not know HTTP servers or any service's rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devkit.azure.compute.machines import Machines
from devkit.azure.compute.script_runs import ScriptRuns
from devkit.azure.entra.issuer import Issuer
from devkit.azure.eventgrid.hub import EventGrid
from devkit.azure.faults import Faults
from devkit.azure.operations import Operations
from devkit.azure.request_log import RequestLog

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azure.blobs import Blobs
    from devkit.azure.latency import Latency
    from devkit.azure.services import Services
    from devkit.azure.storage_port import StorageAccounts
    from devkit.azure.store import Store
    from devkit.guests.port import Guests


@dataclass
class Cloud:
    """The parts of one local Azure, as far as a rule may use them."""

    store: Store
    guests: Guests
    storage: StorageAccounts
    blobs: Blobs
    data: Path
    latency: Latency
    time_scale: float
    services: Services
    faults: Faults = field(default_factory=Faults)
    requests: RequestLog = field(default_factory=RequestLog)
    issuer: Issuer = field(init=False)
    operations: Operations = field(init=False)
    machines: Machines = field(init=False)
    scripts: ScriptRuns = field(init=False)
    events: EventGrid = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = Issuer(self.store)
        self.operations = Operations(self, self.services.works)
        self.machines = Machines(self.guests)
        self.scripts = ScriptRuns(self.blobs)
        self.events = EventGrid(self)

    @property
    def images(self) -> Path:
        """The folder of captured images; it exists."""
        folder = self.data / "images"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def set_latency(self, profile: Latency, time_scale: float) -> None:
        """Use another latency profile from now on, its times multiplied by `time_scale`."""
        self.latency, self.time_scale = profile.scaled(time_scale), time_scale
