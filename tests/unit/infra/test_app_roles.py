"""infra/app-roles.json has the roles that Kiln looks for in tokens."""

from __future__ import annotations

import json
import uuid

from kiln.access.roles import APP_ROLES
from tests.unit.infra.bicep_file import INFRA

ROLES = json.loads((INFRA / "app-roles.json").read_text(encoding="utf-8"))


def test_the_registration_offers_exactly_the_roles_that_count() -> None:
    assert {role["value"] for role in ROLES} == set(APP_ROLES)


def test_people_and_applications_may_have_each_and_ids_are_their_own() -> None:
    assert all(set(role["allowedMemberTypes"]) == {"User", "Application"} and role["isEnabled"] for role in ROLES)
    assert len({uuid.UUID(role["id"]) for role in ROLES}) == len(ROLES)
