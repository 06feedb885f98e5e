"""The emergency stop: a person says that nothing is written to the other systems until resumed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when, who, and why; the same for every process of the installation."""

    since: float
    by: str
    reason: str | None = None
