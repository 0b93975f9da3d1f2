"""Departures of judged traffic from Microsoft's specifications that are allowed, each with its reason.

It owns this one table; it must not know how a check is done. Any other departure is a mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devkit.specification.exchange import Exchange

_SUBSCRIPTION = r"/subscriptions/[^/]+"
_TEMPLATE = _SUBSCRIPTION + r"/resourceGroups/[^/]+/providers/Microsoft\.VirtualMachineImages/imageTemplates/[^/]+"
_PROVIDER = _SUBSCRIPTION + r"/providers/[^/]+"


class Body(StrEnum):
    """Kinds of answers' bodies on routes that no specification has."""

    OPERATION_STATUS = "the status object of Resource Manager's asynchronous operations"
    ANY = "anything; a failure is still ARM's error"
    FOREIGN = "nothing that Resource Manager has a say in"


@dataclass(frozen=True)
class Route:
    """A route that no stored specification describes."""

    methods: str
    path: str
    body: Body
    reason: str

    def is_of(self, exchange: Exchange) -> bool:
        """Whether an exchange is on this route."""
        ours = exchange.method in self.methods.split()
        return ours and re.fullmatch(self.path, exchange.path, re.IGNORECASE) is not None


@dataclass(frozen=True)
class Difference:
    """A place in the bodies or parameters of a provider's operations where the check is wrong."""

    operation: str
    place: str
    reason: str
    what: str = ".*"
    """A pattern for what the check says there: a wider one than needed would hide other mistakes."""

    def explains(self, operation: str, place: str, what: str) -> bool:
        """Whether this difference explains a mistake."""
        return all(
            re.fullmatch(pattern, text)
            for pattern, text in ((self.operation, operation), (self.place, place), (self.what, what))
        )


ROUTES = (
    Route("GET", _PROVIDER + r"/locations/[^/]+/operations/[^/]+", Body.OPERATION_STATUS,
          "Resource Manager's own contract: \"Track asynchronous Azure operations\""),
    Route("GET", f"(?:{_PROVIDER}/locations/[^/]+|{_SUBSCRIPTION})/operationresults/[^/]+", Body.ANY,
          "a Location URL: it answers what the operation would have answered"),
    Route("GET", _TEMPLATE + r"/runs(?:/[^/]+)?", Body.ANY, "Kiln's own: a template's run history"),
    Route("POST", _TEMPLATE + r"/runs/[^/]+/retry", Body.ANY, "Kiln's own: an earlier run, once more"),
    Route("GET", _TEMPLATE + r"/versions(?:/[^/]+)?", Body.ANY, "Kiln's own: the bodies that a template had"),
    Route("GET", _TEMPLATE + r"/runs/[^/]+/log", Body.ANY, "Kiln's own: a run's customization.log, as text"),
    Route("POST", _TEMPLATE + r"/runs/[^/]+/retry", Body.ANY, "Kiln's own: a run that goes on where one failed"),
    Route("GET", _TEMPLATE + r"/versions(?:/[^/]+)?", Body.ANY, "Kiln's own: what a template was before it changed"),
    Route("GET", _SUBSCRIPTION + r"(?:/resourceGroups/[^/]+)?/providers/Microsoft\.VirtualMachineImages/imageGraph",
          Body.ANY, "Kiln's own: what is built from what"),
    Route("GET", _SUBSCRIPTION + r"/providers/Microsoft\.VirtualMachineImages/health", Body.ANY,
          "Kiln's own: what is wrong with it and around it"),
    Route("POST", _SUBSCRIPTION + r"/providers/Microsoft\.VirtualMachineImages/sweep", Body.ANY,
          "Kiln's own: delete what builds left behind"),
    Route("POST", _TEMPLATE + r"/runOutputs/[^/]+/getAccess", Body.ANY,
          "Kiln's own: a URL from which a VHD can be downloaded"),
    Route("GET", _SUBSCRIPTION + r"(?:/resourceGroups/[^/]+)?/providers/Microsoft\.Authorization/permissions", Body.ANY,
          'no specification of it is stored: "Permissions - List For Resource Group"'),
    Route("GET PUT PATCH DELETE POST", r"/subscriptions/.*/providers/Microsoft\.EventGrid/.*", Body.ANY,
          "no specification of Microsoft.EventGrid is stored"),
    Route("GET POST", r"/eventgrid/.*", Body.FOREIGN, "Event Grid's own endpoints, for events and handshakes"),
    Route("GET", r"/(?:msi|metadata)/.*", Body.FOREIGN, "App Service's tokens, and the cloud's metadata"),
    Route("GET", r"/[^/]+/(?:v2\.0/)?\.well-known/openid-configuration", Body.FOREIGN, "Entra ID"),
    Route("GET", r"/[^/]+/discovery/(?:v2\.0/)?keys", Body.FOREIGN, "Entra ID"),
    Route("POST", r"/[^/]+/oauth2/(?:v2\.0/)?token", Body.FOREIGN, "Entra ID"),
)  # fmt: skip

_TEMPLATES = r"VirtualMachineImageTemplates_\w+"
DIFFERENCES = (
    Difference(_TEMPLATES, r"(?:request|answer)(?: value\[\d+\]\.| )properties\.customize\[\d+\]\.type",
               "Kiln's own: a customizer that restarts any operating system", what="'Restart' is not one of .*"),
    Difference("VirtualMachineImageTemplates_Run", "request",
               "Kiln's own: overrides for one run", what="has a body; the operation takes none"),
    Difference("VirtualMachines_.*", r"(?:.*\.)?hardwareProfile\.vmSize",
               "Microsoft's list of sizes ends years ago; the page \"Sizes for virtual machines\" is the list",
               what=r"'Standard_\w+' is not one of .*"),
    Difference("VirtualMachineImages_List", r"answer \[\d+\]\.properties",
               "what $expand=properties asks for; the specification has the parameter and not its effect"),
)  # fmt: skip
