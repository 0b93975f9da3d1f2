"""Rebuilds for new versions of sources: each template once for a version, in order, within its settings."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kiln.errors import SourceNotFound
from kiln.rebuild.contracts import VersionFacts
from kiln.rebuild.source import version_order
from kiln.runs.record import RunState
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from tests.flows.kiln.rebuilding import BUILD, Shop, debian
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure
    from kiln.rebuild.contracts import SourceVersion

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    """Give each test a new store: index and slots are the whole app's."""
    with own_clients({**local_azure.environment(f"re{uuid.uuid4().hex[:12]}"), "KILN_REBUILD_CONCURRENCY": "3"}):
        yield


def test_a_new_version_rebuilds_whoever_follows_the_source_in_that_region() -> None:
    shop = Shop()
    here, there = shop.template("here"), shop.template("there", region="northeurope")

    shop.told(debian("westeurope"), "1.0.0")
    shop.drain()

    assert shop.built(here) == ["1.0.0"]
    assert shop.built(there) == []
    (run,) = shop.runs(here)
    assert run.state is RunState.SUCCEEDED
    assert run.cause is not None
    assert run.cause.trigger == "base"
    assert Templates().require(here).run_id == run.run_id


def test_the_same_version_told_again_builds_nothing() -> None:
    shop = Shop()
    template = shop.template("web")
    for _ in range(3):
        shop.told(debian(), "1.0.0")
        shop.drain()

    assert shop.built(template) == ["1.0.0"]


@pytest.mark.parametrize(("missed", "built"), [(1, ["1.0.0"]), (4, ["1.0.0"]), (5, [])])
def test_a_version_that_is_not_listed_yet_is_looked_at_again_for_a_quarter_of_an_hour(
    missed: int, built: list[str]
) -> None:
    shop = Shop()
    template = shop.template("web")
    looks = iter([SourceNotFound("not listed")] * missed)

    def look(_: SourceVersion) -> VersionFacts:
        for fault in looks:
            raise fault
        return VersionFacts()

    shop.world.answers["look_up_version"] = look
    began = shop.now

    end = shop.told(debian(), "1.0.0").finish()

    assert (end.status, shop.built(template)) == ("Completed" if built else "Failed", built)
    assert shop.now - began >= (timedelta(minutes=15) if missed > 3 else MINUTE)
    assert len([call for call in shop.world.runner.calls if call.name == "look_up_version"]) == min(missed + 1, 5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_duplicates_out_of_order_at_once_build_each_version_once_at_the_most_and_the_newest_last(seed: int) -> None:
    shop = Shop(seed=seed)
    template = shop.template("web")
    told = [f"1.0.{number}" for number in range(1, 7)] * 5
    random.Random(seed).shuffle(told)
    for version in told:
        shop.told(debian(), version)
    shop.drain()

    built = [version for version in shop.built(template) if version]
    assert built == sorted(set(built), key=version_order)
    assert shop.runs(template)[-1].source_version == "1.0.6"


def test_the_host_may_die_after_any_step() -> None:
    shop = Shop(crash_every_step=True)
    template = shop.template("web")
    for version in ("1.0.1", "1.0.1", "1.0.0"):
        shop.told(debian(), version)
    shop.drain()

    assert shop.runs(template)[-1].source_version == "1.0.1"
    assert len(set(shop.built(template))) == len(shop.built(template))


def test_a_claim_whose_answer_was_lost_makes_one_run() -> None:
    shop = Shop()
    template = shop.template("web")
    for name in ("list_dependents", "claim_rebuild", "free_slot"):
        shop.world.runner.redeliver(name, nth=None)
    shop.told(debian(), "1.0.0")
    shop.drain()

    assert shop.built(template) == ["1.0.0"]


def test_a_row_of_images_is_rebuilt_in_its_order() -> None:
    shop = Shop()
    base, app = shop.template("base", "base"), shop.template("app", "app", follows="base")
    top = shop.template("top", follows="app")

    shop.told(debian(), "1.0.0")
    shop.drain()

    assert [len(shop.runs(each)) for each in (base, app, top)] == [1, 1, 1]
    ends = [shop.runs(each)[0] for each in (base, app, top)]
    assert ends[0].ended <= ends[1].requested < ends[1].ended <= ends[2].requested  # type: ignore[operator]  # all are over
    assert len(ends[2].cause.lineage) == 2  # type: ignore[union-attr]  # asserted by its length


@pytest.mark.parametrize("longer", [False, True], ids=["equal sides", "one side longer"])
def test_a_diamond_is_built_once(*, longer: bool) -> None:
    shop = Shop()
    shop.template("base", "base")
    shop.template("left", "joined", follows="base")
    shop.template("right", "between" if longer else "joined", follows="base")
    if longer:
        shop.template("further", "joined", follows="between")
    top = shop.template("top", follows="joined")

    shop.told(debian(), "1.0.0")
    shop.drain()

    (run,) = shop.runs(top)
    producers = ["further" if longer else "right", "left"]
    for name in producers:
        (producer,) = shop.runs(shop.id(name))
        assert producer.ended is not None
        assert run.requested >= producer.ended


def test_a_version_is_no_use_before_it_is_in_the_templates_region() -> None:
    shop = Shop()
    template = shop.template("web", follows="base")

    shop.publish("base", "1.0.0", regions=("northeurope",))
    shop.drain()
    assert shop.built(template) == []
    assert "is not in westeurope yet" in shop.skipped(template)[0]

    shop.publish("base", "1.0.0", regions=("northeurope", "westeurope"))
    shop.drain()
    assert shop.built(template) == ["1.0.0"]


def test_both_writes_of_a_version_at_once_lose_nothing() -> None:
    shop = Shop()
    template = shop.template("web", follows="base")
    shop.publish("base", "1.0.0", regions=("northeurope",))
    shop.world.runner.on_activity(
        "list_dependents", lambda _: shop.publish("base", "1.0.0", regions=("westeurope",)), when="after"
    )
    shop.drain()

    assert shop.built(template) == ["1.0.0"]


def test_a_write_of_tags_alone_builds_nothing() -> None:
    shop = Shop()
    template = shop.template("web", follows="base")
    old = shop.now - HOUR
    shop.publish("base", "0.9.0", published=old)
    shop.drain()
    assert shop.built(template) == []

    for _ in range(2):
        shop.publish("base", "1.0.0", published=shop.now)
        shop.drain()

    assert shop.built(template) == ["1.0.0"]


def test_a_template_cools_down_between_builds() -> None:
    shop = Shop()
    template = shop.template("web", coolDown="PT6H")
    shop.told(debian(), "1.0.0")
    shop.drain()
    shop.told(debian(), "1.0.1")
    shop.drain()

    first, second = shop.runs(template)
    assert first.ended is not None
    assert timedelta() <= second.requested - (first.ended + 6 * HOUR) < MINUTE


def test_versions_within_a_batch_window_are_one_build() -> None:
    shop = Shop()
    template = shop.template("web", batchWindow="PT1H")
    start = shop.now
    first = shop.told(debian(), "1.0.0")
    first.run_until(lambda: bool(first.calls_of("claim_rebuild")))
    for version in ("1.0.1", "1.0.2"):
        shop.world.runner.clock.advance(10 * MINUTE)
        shop.told(debian(), version)
    shop.drain()

    (run,) = shop.runs(template)
    assert run.cause is not None
    assert run.cause.source_version == "1.0.2"
    assert timedelta() <= run.requested - (start + HOUR) < MINUTE


def test_a_trigger_is_deactivated_by_failures_and_a_success_by_hand_undoes_it() -> None:
    shop = Shop()
    template = shop.template("web", failureLimit=2)
    shop.failing.add("web")
    for patch in range(4):
        shop.told(debian(), f"1.0.{patch}")
        shop.drain()
    assert shop.built(template) == ["1.0.0", "1.0.1"]
    assert shop.skipped(template)[-1] == "the trigger is deactivated after 2 failures in a row"

    shop.failing.clear()
    shop.run_by_hand(template)
    shop.drain()
    shop.told(debian(), "1.0.4")
    shop.drain()

    assert shop.built(template) == ["1.0.0", "1.0.1", None, "1.0.4"]


def test_a_template_patches_a_definition_and_does_not_follow_itself() -> None:
    shop = Shop()
    patch, top = shop.template("patch", "golden", follows="golden"), shop.template("top", follows="golden")

    shop.publish("golden", "0.5.0")
    shop.drain()

    assert len(shop.runs(patch)) == 1
    assert len(shop.runs(top)) == 1
    assert any("was made by the template itself" in reason for reason in shop.skipped(patch))
    assert shop.runs(top)[0].requested >= shop.runs(patch)[0].ended  # type: ignore[operator]  # it is over


def test_a_cycle_that_slipped_in_goes_round_once() -> None:
    shop = Shop()
    one, other = shop.template("one", "x", follows="y"), shop.template("other", "y", follows="x")

    shop.publish("y", "0.5.0")
    shop.drain()

    assert [len(shop.runs(one)), len(shop.runs(other))] == [1, 1]
    assert any("was built from an image of this very template" in reason for reason in shop.skipped(one))


def test_no_more_build_at_once_than_there_are_places() -> None:
    shop = Shop()
    templates = [shop.template(f"t{number}") for number in range(8)]

    shop.told(debian(), "1.0.0")
    shop.drain()

    assert [shop.built(template) for template in templates] == [["1.0.0"]] * 8
    assert shop.most_going == 3


def test_a_run_that_is_going_is_waited_for() -> None:
    shop = Shop()
    template = shop.template("web")
    shop.run_by_hand(template)
    shop.flows[0].run_until(lambda: bool(shop.going))
    shop.told(debian(), "1.0.0")
    shop.drain()

    by_hand, triggered = shop.runs(template)
    assert by_hand.ended is not None
    assert by_hand.ended - by_hand.requested >= BUILD
    assert triggered.requested >= by_hand.ended


def test_a_trigger_that_goes_while_its_rebuild_waits_ends_it() -> None:
    shop = Shop()
    template = shop.template("web", batchWindow="P1D")
    flow = shop.told(debian(), "1.0.0")
    flow.run_until(lambda: bool(flow.calls_of("claim_rebuild")))
    Triggers().delete(Templates().require(template), "base")
    shop.drain()

    assert shop.built(template) == []
    assert shop.skipped(template) == ["the template or its trigger is gone"]
