"""Orchestrators out of blueprints, decorated objects, handles and plain generators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import pytest

from devkit.host.flow_sources import orchestrator_handles
from devkit.host.testing import FlowRunner
from tests.unit.devkit.host import sample_flows

if TYPE_CHECKING:
    from collections.abc import Generator


def plain(context: Any) -> Generator[Any, Any, Any]:
    return (yield context.call_activity("echo", "plain"))


def test_a_blueprint_gives_all_its_orchestrators_and_can_be_used_again() -> None:
    first, second = (orchestrator_handles([sample_flows.bp]) for _ in range(2))
    assert {"chain", "parent"} <= set(first) == set(second)
    assert "square" not in first


def test_a_key_picks_one_orchestrator_of_a_blueprint() -> None:
    assert list(orchestrator_handles({"chain": sample_flows.bp})) == ["chain"]
    with pytest.raises(LookupError, match="no orchestrator 'nobody' among"):
        orchestrator_handles({"nobody": sample_flows.bp})


@pytest.mark.parametrize("source", [plain, df.Orchestrator.create(plain)])
def test_a_key_names_a_function_or_a_handle(source: Any) -> None:
    runner = FlowRunner({"renamed": source}, {"echo": lambda payload: payload})
    assert runner.run("renamed").output == "plain"


def test_what_a_decorator_left_behind_works_as_well() -> None:
    runner = FlowRunner([sample_flows.chain], {"square": lambda payload: payload})
    assert runner.run("chain", 3).output == 3


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="neither a blueprint nor an orchestrator"):
        orchestrator_handles([42])
