"""Microsoft's OpenAPI specifications as a judge of traffic: whether an exchange is what Azure would have said.

The specifications themselves are no part of the repository; where they are not at hand, nothing is judged.
"""

from devkit.specification.checker import Specifications, Violation, check_exchange
from devkit.specification.exchange import Exchange, NotJson
from devkit.specification.hooks import of_httpx, of_sdk
from devkit.specification.recorder import Recorder

__all__ = ["Exchange", "NotJson", "Recorder", "Specifications", "Violation", "check_exchange", "of_httpx", "of_sdk"]
