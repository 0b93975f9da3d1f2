"""How somebody gives Kiln's identity a role by hand, with the Azure CLI."""

from __future__ import annotations

from kiln.config import config


def identity() -> str:
    """Return the client id of Kiln's identity, or what stands for its object id in a command where none is set."""
    return config().client_id or '"<object id of the app\'s identity>"'


def grant(role: str, scope: str) -> str:
    """Return the command that gives Kiln's identity a role at a scope, which is quoted for a shell already."""
    return f'az role assignment create --assignee {identity()} --role "{role}" --scope {scope}'
