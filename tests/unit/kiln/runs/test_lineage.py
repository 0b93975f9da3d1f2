"""The lineage of an image version: tags that name its maker and the templates before it, and that Azure takes."""

from __future__ import annotations

from kiln.ids import TemplateId
from kiln.runs.lineage import DEEPEST, lineage_of, lineage_tags, maker_of, short_name
from tests.unit.kiln.runs.records import WEB


def test_tags_tell_the_maker_and_who_led_to_it() -> None:
    before = ("00000001", "00000002")
    tags = lineage_tags(WEB, before)

    assert maker_of(tags) == WEB.key
    assert lineage_of(tags) == (*before, short_name(WEB))
    assert (maker_of({}), lineage_of({})) == (None, ())


def test_the_longest_lineage_and_names_fit_into_a_tag() -> None:
    longest = TemplateId(subscription="0" * 36, group="g" * 90, name="n" * 64)

    tags = lineage_tags(longest, tuple(f"{number:08x}" for number in range(50)))

    assert all(len(value) <= 256 for value in tags.values())
    assert len(lineage_of(tags)) > DEEPEST
