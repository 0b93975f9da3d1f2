from __future__ import annotations

from kiln.cloud.operations import together
from kiln.contracts.base import Operation


def test_operations_that_were_started_together_are_waited_for_as_one() -> None:
    one = Operation(doing="one", url="https://1", retry_after=5)
    over = Operation(doing="two")
    three = Operation(doing="three", url="https://3", more=("https://4",), retry_after=2)

    whole = together("all", (one, over, three))

    assert (whole.doing, whole.url, whole.more) == ("all", "https://1", ("https://3", "https://4"))
    assert whole.retry_after == 5


def test_nothing_to_wait_for_is_over() -> None:
    assert together("all", (Operation(doing="one"), Operation(doing="two"))).url is None
