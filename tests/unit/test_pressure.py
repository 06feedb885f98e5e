"""What can wait lets a busy intake go first, and never stands still for it."""

from __future__ import annotations

import pytest

from orquestador.flows.pressure import BUSY_PER_S, REST_MAX_S, Pressure

NOW = 1_750_000_000.0


def _after(per_s: float, *, seconds: float = 1.0) -> tuple[Pressure, float]:
    """A pressure that saw so many arrivals a second, and the instant of the last."""
    pressure, now = Pressure(), NOW
    for n in range(int(per_s * seconds) + 1):
        now = NOW + n / per_s
        pressure.arrived(now)
    return pressure, now


def test_nobody_rests_before_anything_came() -> None:
    assert Pressure().rest_s(NOW, NOW + 5) == 0.0


def test_a_quiet_intake_makes_nobody_rest() -> None:
    pressure, now = _after(BUSY_PER_S / 2)
    assert pressure.rest_s(now - 0.05, now) == 0.0


def test_a_busy_intake_leaves_a_tenth_of_the_time() -> None:
    pressure, now = _after(BUSY_PER_S * 2)
    assert pressure.rest_s(now - 0.05, now) == pytest.approx(0.45)


def test_a_rest_is_never_longer_than_a_second() -> None:
    pressure, now = _after(BUSY_PER_S * 2)
    assert pressure.rest_s(now - 20, now) == REST_MAX_S


def test_the_rest_ends_with_the_rush() -> None:
    pressure, now = _after(BUSY_PER_S * 2)
    assert pressure.rest_s(now + 2, now + 2.1) == 0.0


def test_a_clock_that_is_set_back_neither_fails_nor_keeps_anybody_resting() -> None:
    pressure, now = _after(BUSY_PER_S * 2)
    pressure.arrived(now - 3600)
    assert pressure.rest_s(now - 3600, now - 3599) == 0.0
