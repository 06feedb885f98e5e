"""Pushes that were refused as a whole: one of their listings is to blame, and nobody says which (P5)."""

from __future__ import annotations

from collections.abc import Sequence

from orquestador.flows.live import Candidate
from orquestador.model.stock import Job

PARTS = 4
"""A refused push is sent again in so many: 500 listings are down to one before their attempts are over."""


class Halves:
    """Those in question, of one channel; forgotten at a restart, which only costs attempts."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}

    def refused(self, job: Job) -> None:
        """The channel, or our own code, refused all of it."""
        for record in job.records:
            self._sizes[record.work_id] = len(job.records)

    def accepted(self, job: Job) -> None:
        for record in job.records:
            self._sizes.pop(record.work_id, None)

    def forget(self) -> None:
        """What was in question was not about any of them."""
        self._sizes.clear()

    def split(self, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """What goes into one push now, and what into a later one. Those in question are not mixed with
        others; the more urgent go first."""
        asked = [c for c in candidates if c.work.id in self._sizes]
        others = [c for c in candidates if c.work.id not in self._sizes]
        if not asked:
            return others, []
        if others and _top(others) > _top(asked):
            return others, asked
        size = max(1, min(self._sizes[c.work.id] for c in asked) // PARTS)
        first = sorted(asked, key=lambda c: -c.work.urgency)
        return first[:size], first[size:] + others


def _top(candidates: Sequence[Candidate]) -> float:
    return max(c.work.urgency for c in candidates)
