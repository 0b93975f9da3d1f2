"""Webhook: a trigger that fires for a signed request. Its secret can be set with the trigger, and never be read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from kiln.secret import Secret
from kiln.template.base import Since, broken
from kiln.template.trigger_kinds.settings import TriggerSettings

SHORTEST, LONGEST = 32, 256


def _long_enough(value: Any) -> Any:
    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(text, str) and SHORTEST <= len(text) <= LONGEST and text.isascii() and text.isprintable():
        return value
    raise broken("Other", f"expected {SHORTEST} to {LONGEST} printable ASCII characters")


SigningSecret = Annotated[Secret, BeforeValidator(_long_enough)]


class WebhookTrigger(TriggerSettings):
    """A trigger that runs the template for a request that is signed with the secret."""

    section = "docs/triggers.md#webhook"

    kind: Annotated[Literal["Webhook"], Since(None)]
    secret: Annotated[SigningSecret | None, Field(exclude=True)] = None
