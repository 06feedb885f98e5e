"""The automatic buffer: what is likely sold before the next number can show (design §7.6)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MEMORY_S = 4 * 3600.0
"""A sale counts less the longer ago it was: by a factor of e each four hours."""
FORGOTTEN_S = 24 * 3600.0
"""A sale of then counts nothing any more."""
LEAST_UNITS = 0.1
"""Below so many expected units nothing is held back: else every SKU that was ever sold would keep one."""
MOST_UNITS = 50
"""A window that got too long must not empty a shop."""


@dataclass(frozen=True, slots=True)
class AutoBuffer:
    """Units to hold back, and why: units sold an hour lately, and seconds until a number that is sent next
    can show."""

    units: int
    speed: float
    window_s: float


def sold_per_hour(sales: Iterable[tuple[float, int]], now: float) -> float:
    """Units an hour of these sales (instant, units), the newest counting most."""
    weighed = sum(
        units * math.exp(-max(0.0, now - at) / MEMORY_S) for at, units in sales if now - at < FORGOTTEN_S
    )
    return weighed / (MEMORY_S / 3600.0)


def auto_buffer(speed: float, window_s: float) -> AutoBuffer:
    """The units that this speed sells in the window, rounded up."""
    expected = speed * window_s / 3600.0
    # 1e-9: 2.0000000001 units are two.
    units = 0 if expected < LEAST_UNITS else min(MOST_UNITS, math.ceil(expected - 1e-9))
    return AutoBuffer(units, speed, window_s)
