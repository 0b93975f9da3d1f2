"""The hook that connects Kiln to its events, against the local Azure: a source has one system topic, for all Kilns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.azure.event_grid import Subscriber, management
from tests.contract.azure.harness import SUBSCRIPTION, Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[3]
SOURCE = f"/subscriptions/{SUBSCRIPTION}"


class Subscriptions:
    """An Azure subscription in which Kilns are deployed, each in a resource group of its own."""

    def __init__(self, cloud: Harness, folder: Path, webhook: str) -> None:
        self.cloud = cloud
        self.rival = folder / "rival"
        self._folder = folder
        self._webhook = webhook
        self._functions: dict[str, str] = {}
        az = folder / "az"
        az.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent / "az.py"}" "$@"\n')
        az.chmod(0o755)

    def group(self, name: str) -> None:
        self.cloud.resources.resource_groups.create_or_update(name, {"location": "westeurope"})

    def deploy(self, kiln: str) -> None:
        """Run the hook for a Kiln."""
        group, app = f"rg-{kiln}", f"func-{kiln}"
        self.group(group)
        function = f"{SOURCE}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}/functions/on_event"
        self._functions[function] = self._webhook
        self.cloud.local("PUT", "functions", json=self._functions)
        environment = {
            "PATH": f"{self._folder}:{os.environ['PATH']}",
            "LOCAL_AZURE": self.cloud.url,
            "RIVAL": str(self.rival),
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_RESOURCE_GROUP": group,
            "KILN_APP_NAME": app,
            "KILN_TOPIC_NAME": "evgt",
            "KILN_STORAGE_NAME": "st",
        }
        hook = REPOSITORY / "infra/hooks/connect-events.sh"
        done = subprocess.run(
            ["sh", hook], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    @property
    def topics(self) -> list[str]:
        """The ids of the system topics, below the subscription's."""
        found = management(self.cloud).system_topics.list_by_subscription()
        return [topic.id.removeprefix(SOURCE) for topic in found]

    def apps(self, group: str, topic: str) -> list[str]:
        """The apps that a system topic's events go to."""
        found = management(self.cloud).system_topic_event_subscriptions.list_by_system_topic(group, topic)
        return sorted(item.destination.resource_id.split("/")[8] for item in found)


@pytest.fixture
def azure(cloud: Harness, tmp_path: Path) -> Iterator[Subscriptions]:
    with Subscriber() as subscriber:
        yield Subscriptions(cloud, tmp_path, subscriber.url)


def test_a_first_kiln_makes_the_topic_and_a_second_one_adds_itself_to_it(azure: Subscriptions) -> None:
    for kiln in ("one", "two", "one", "two"):  # a hook can be run again
        azure.deploy(kiln)

    assert azure.topics == ["/resourceGroups/rg-one/providers/Microsoft.EventGrid/systemTopics/evgst-func-one"]
    assert azure.apps("rg-one", "evgst-func-one") == ["func-one", "func-two"]


def test_a_topic_that_somebody_has_made_is_used(azure: Subscriptions) -> None:
    body = {"location": "global", "source": SOURCE, "topic_type": "Microsoft.Resources.Subscriptions"}
    management(azure.cloud).system_topics.begin_create_or_update("rg-images", "audit", body).result()

    azure.deploy("one")

    assert [topic.rpartition("/")[2] for topic in azure.topics] == ["audit"]
    assert azure.apps("rg-images", "audit") == ["func-one"]


def test_a_topic_that_another_makes_at_the_same_time_is_used(azure: Subscriptions) -> None:
    azure.group("rg-two")
    azure.rival.write_text(f"{SOURCE}/resourceGroups/rg-two/providers/Microsoft.EventGrid/systemTopics/evgst-func-two")

    azure.deploy("one")
    azure.deploy("two")

    assert azure.apps("rg-two", "evgst-func-two") == ["func-one", "func-two"]
    assert len(azure.topics) == 1
