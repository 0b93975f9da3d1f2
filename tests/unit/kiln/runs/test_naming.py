from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from kiln.ids import TemplateId
from kiln.runs.naming import (
    GROUP_NAME_LIMIT,
    RUN_ID,
    build_instance,
    delete_instance,
    run_at,
    run_id,
    run_place,
    staging_group,
    submit_instance,
)
from kiln.runs.record import TemplateRecord

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
WEB = TemplateId(subscription="00000000-0000-0000-0000-000000000001", group="rg-images", name="web")


def record(staging: str, template: TemplateId = WEB) -> TemplateRecord:
    return TemplateRecord(id=template, body={}, created=NOW, changed=NOW, staging_group=staging)


def test_a_staging_group_names_group_and_template() -> None:
    assert staging_group(WEB, "3f9c8a1b") == "IT_rg-images_web_3f9c8a1b"


@given(st.text("abcDEF-_.", min_size=1, max_size=90), st.text("abcDEF-_.", min_size=1, max_size=64))
def test_a_staging_group_always_fits_and_keeps_something_of_both(group: str, name: str) -> None:
    made = staging_group(TemplateId(subscription="s", group=group, name=name), "3f9c8a1b")
    assert len(made) <= GROUP_NAME_LIMIT
    assert made.startswith(f"IT_{group[:13]}")
    assert made.endswith("_3f9c8a1b")
    assert f"_{name[:38]}" in made
    if len(group) + len(name) <= 77:
        assert made == f"IT_{group}_{name}_3f9c8a1b"


def test_run_ids_tell_the_time_in_utc() -> None:
    made = run_id(NOW, "3f9c8a1b")
    assert made == "20261122-022112-3f9c8a1b"
    assert RUN_ID.fullmatch(made)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert run_id(elsewhere, "3f9c8a1b") == made
    assert run_id(NOW + timedelta(seconds=1), "00000000") > made


def test_places_sort_by_number_and_name_their_run() -> None:
    places = [run_place(number, f"20261122-022112-{suffix}") for number, suffix in [(0, "b"), (2, "f"), (10, "a")]]
    assert sorted(places) == places
    assert run_at(places[-1]) == "20261122-022112-a"


def test_an_instance_id_holds_a_part_of_a_long_name() -> None:
    long = WEB.model_copy(update={"name": "n" * 64})
    assert build_instance(long, "20261122-022112-3f9c8a1b") == f"{'n' * 24}-20261122-022112-3f9c8a1b"


def test_one_incarnation_of_a_template_has_one_deletion() -> None:
    first, again = record("IT_rg-images_web_3f9c8a1b"), record("IT_rg-images_web_3f9c8a1b")
    assert delete_instance(first) == delete_instance(again)
    assert delete_instance(first) != delete_instance(record("IT_rg-images_web_00000000"))
    shouted = WEB.model_copy(update={"name": "WEB"})
    assert delete_instance(first) == delete_instance(record("IT_rg-images_web_3f9c8a1b", shouted))


def test_a_template_made_again_has_another_deletion_even_in_the_same_group_of_its_owner() -> None:
    first = record("rg-mine").model_copy(update={"staging_given": True})
    later = first.model_copy(update={"created": NOW + timedelta(seconds=1)})
    assert delete_instance(first) != delete_instance(later)


def test_each_version_has_a_submission_of_its_own() -> None:
    first = record("IT_rg-images_web_3f9c8a1b")
    second = first.model_copy(update={"version": 2})
    assert submit_instance(first).startswith("submit-")
    assert submit_instance(first).endswith("-v1")
    assert submit_instance(second) == submit_instance(first).removesuffix("-v1") + "-v2"
