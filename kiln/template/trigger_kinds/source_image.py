"""SourceImage: AIB's own kind of trigger, and the filter of versions that Kiln adds to it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from kiln.template.base import Since, broken
from kiln.template.trigger_kinds.settings import TriggerSettings
from kiln.template.trigger_kinds.version_filter import is_filter


def _checked(text: str) -> str:
    if is_filter(text):
        return text
    raise broken("Other", "expected a pattern such as 22.*, or limits such as '>=22.4 <24', of version numbers")


VersionFilter = Annotated[str, AfterValidator(_checked)]


class SourceImageTrigger(TriggerSettings):
    """Runs the template when there is a new version of its source."""

    kind: Literal["SourceImage"]
    version_filter: Annotated[VersionFilter | None, Since(None)] = None
