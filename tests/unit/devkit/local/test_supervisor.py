from __future__ import annotations

from devkit.local.supervisor import BackOff


def test_delays_double_up_to_half_a_minute() -> None:
    back_off = BackOff()
    assert [back_off.after(lived=0.1) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_good_run_starts_the_delays_anew() -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.after(lived=1)
    assert back_off.after(lived=60) == 0.5
    assert back_off.after(lived=1) == 1
