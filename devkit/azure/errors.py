"""ARM's error answers, one constructor per failure that Azure documents.

It owns codes, wording and the JSON form; it must not know HTTP servers or the state behind an error.
"""

from __future__ import annotations

from typing import Any


class ArmError(Exception):
    """A refusal in ARM's form: an HTTP status, a code, a message for people, and the target that is wrong."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.target, self.details, self.headers = target, details or [], headers or {}

    def body(self) -> dict[str, Any]:
        """Build the inner error object, as it stands in answers and in failed operations."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target:
            error["target"] = self.target
        if self.details:
            error["details"] = self.details
        return error


def unsupported(what: str) -> ArmError:
    """Refuse what Azure may know and the local Azure does not."""
    return ArmError(501, "EmulatorUnsupported", f"The local Azure does not support {what}.")


def invalid(message: str, target: str | None = None) -> ArmError:
    """Refuse a value."""
    return ArmError(400, "InvalidParameter", message, target=target)


def conflict(message: str, target: str | None = None) -> ArmError:
    """Refuse an operation that the resource's state forbids."""
    return ArmError(409, "OperationNotAllowed", message, target=target)


def resource_not_found(resource_id: str) -> ArmError:
    """Say that a resource does not exist, as Resource Manager words it."""
    parts = resource_id.strip("/").split("/")
    group = parts[3] if len(parts) > 3 else ""  # noqa: PLR2004  # subscriptions/{s}/resourceGroups/{g}
    kind = "/".join([parts[5], *parts[6::2]]) if len(parts) > 5 else "resource"  # noqa: PLR2004  # providers/{ns}
    name = "/".join(parts[7::2]) or parts[-1]
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def group_not_found(name: str) -> ArmError:
    """Say that a resource group does not exist."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def subscription_not_found(name: str) -> ArmError:
    """Say that a subscription does not exist."""
    return ArmError(404, "SubscriptionNotFound", f"The subscription '{name}' could not be found.")


def parent_not_found(parent_name: str) -> ArmError:
    """Say that the resource above the asked one does not exist."""
    return ArmError(
        404,
        "ParentResourceNotFound",
        "Failed to perform 'write' on resource(s): cannot perform the requested operation on a nested resource, "
        f"because its parent resource '{parent_name}' is not found.",
    )
