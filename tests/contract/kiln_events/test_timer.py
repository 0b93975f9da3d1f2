from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.host import schedules
from devkit.host.app import load_app
from kiln.config import SETTINGS, binding
from kiln.events.cloud_events import CloudEvent
from kiln.events.drain import keep_events
from kiln.events.event_types import EventType
from kiln.ids import RunRef, TemplateId

if TYPE_CHECKING:
    import pytest

    from tests.contract.kiln_events.conftest import Topic

SETTING = "KILN_OUTBOX_SCHEDULE"
EVERY_MINUTE = SETTINGS[SETTING].default
NOW = datetime(2026, 11, 22, 6, 30, 15, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def test_the_app_s_timer_publishes_what_is_left(topic: Topic) -> None:
    run = RunRef(template=TemplateId(subscription="s", group="g", name="n"), run_id="run")
    left = CloudEvent(id="run/1", source="/s", type=EventType.BUILD_STARTED, subject="run", time=NOW, data={})
    keep_events(run, left)

    timer = load_app(ROOT).timers["publish_outbox"]
    timer.code(timer=None)

    assert [event["id"] for event in topic.published()] == ["run/1"]


def test_it_fires_every_minute_unless_a_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert binding(SETTING) == EVERY_MINUTE
    assert schedules.parse(EVERY_MINUTE).next(NOW) == NOW.replace(minute=31, second=0)

    monkeypatch.setenv(SETTING, "0 */5 * * * *")
    assert schedules.parse(binding(SETTING)).next(NOW) == NOW.replace(minute=35, second=0)
