"""The search of a fault matrix for secrets that are told."""

from __future__ import annotations

import pytest

from tests.faults.azure_calls.calls import Call
from tests.faults.azure_calls.kinds import KINDS
from tests.faults.azure_calls.matrices import _judged
from tests.faults.azure_calls.subjects import Outcome

CALL = Call("a", "", "build", "ARM", "GET", "/a", nth=1, starts=False, found=True, answers=True)


def is_told(text: str) -> bool:
    """Whether a secret is seen in what a person reads of an outcome."""
    return "a secret is told" in list(_judged(CALL, KINDS[0], Outcome(flow="Completed", state="Failed", text=text)))


@pytest.mark.parametrize("signature", ["sig=abc", "SIG=abc", "sig%3Dabc", "sig%3dabc", "sig%253Dabc", "sig%25253Dabc"])
def test_a_signature_is_seen_whatever_its_coding(signature: str) -> None:
    assert is_told(f"cannot read https://proxy/?url=https://a/b?sv=1&{signature}")


@pytest.mark.parametrize("text", ["a signal", "sig%3", "design 3D", ""])
def test_what_is_no_signature_is_no_secret(text: str) -> None:
    assert not is_told(text)
