"""Check of the resources that a template names against the reach of Kiln's own identity, before it is stored.

A permission at Kiln gives no right to other resources in Azure: no caller may make Kiln use its own identity there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.access.reach import SETTING, outside
from kiln.access.settings import configured_reach
from kiln.errors import OutOfReach
from kiln.ids import PROVIDER

if TYPE_CHECKING:
    from kiln.access.claims import Caller
    from kiln.ids import TemplateId
    from triggers.call import Call


def check_reach(call: Call, template: TemplateId, body: dict[str, Any], action: str) -> None:
    """Raise `OutOfReach` with every resource in a template's body that templates in its place may not name.

    `action` is what the caller does, as triggers.provider lists it.
    """
    reach = configured_reach()
    problems = outside(body, template, reach)
    if problems:
        why = f"{reach.closed} " if reach.closed else ""
        raise OutOfReach(
            problems,
            who=_client(call.caller),
            action=f"{PROVIDER}/{action}",
            template=template.arm,
            hint=f"{why}An administrator of Kiln can add what is missing to the resources of {SETTING} for templates "
            "in this scope.",
        )


def _client(caller: Caller | None) -> str:
    return "The client" if caller is None else f"The client '{caller.name}' with object id '{caller.object_id}'"
