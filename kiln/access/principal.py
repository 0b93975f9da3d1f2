"""Who asks: what is known of a caller whose token is good. It decides nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """A user, a service principal or a managed identity of the tenant.

    `object_id` and `groups` are Entra ID's ids in lower case, `app_id` is the client application's, `name` is for
    people to read and proves nothing. With `groups_left_out` the caller is in more groups than a token has room for.
    """

    object_id: str
    app_id: str
    name: str
    tenant: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    groups_left_out: bool = False
