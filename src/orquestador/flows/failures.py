"""Loops that keep failing: since when, and why, so that `status` and readiness can tell."""

from __future__ import annotations

from dataclasses import dataclass

INTERNAL_MAX_S = 60.0
"""An error of our own, or of the store, may last so long before a person is told."""
AWAY_MAX_S = 300.0
"""An upstream that a loop needs; its check usually tells sooner."""


@dataclass(frozen=True, slots=True)
class Failing:
    """An unbroken series of failures of one loop."""

    since: float
    last_at: float
    error: str
    """The class of the last error, which alone says nothing personal."""
    away: bool
    """The last one was an upstream's, not ours."""

    def lasts(self, now: float) -> bool:
        """True when it is time to tell a person."""
        return now > self.since + (AWAY_MAX_S if self.away else INTERNAL_MAX_S)


class Failures:
    """The series that are not broken yet, by loop. Instants are the caller's."""

    def __init__(self) -> None:
        self._series: dict[str, Failing] = {}

    def failed(self, loop: str, error: Exception, now: float, *, away: bool) -> None:
        known = self._series.get(loop)
        since = now if known is None else known.since
        self._series[loop] = Failing(since, now, type(error).__name__, away)

    def worked(self, loop: str, now: float, settle_s: float = 0.0) -> None:
        """A step went well. The series ends when no failure came for `settle_s`: where work that failed was
        put off for a moment, a look that finds nothing, or other work that succeeds, proves little."""
        known = self._series.get(loop)
        if known is not None and now >= known.last_at + settle_s:
            del self._series[loop]

    def of(self, loop: str) -> Failing | None:
        return self._series.get(loop)

    def lasting(self, now: float) -> dict[str, Failing]:
        """The loops that a person must know of, the longest series first."""
        found = [(loop, series) for loop, series in self._series.items() if series.lasts(now)]
        return dict(sorted(found, key=lambda item: item[1].since))
