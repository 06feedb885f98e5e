"""How busy the intake is: what can wait lets it go first, since slow answers count as failed."""

from __future__ import annotations

BUSY_PER_S = 1_000.0
"""From here on the intake feels what else the process does; ten times below what it can take alone."""
WINDOW_S = 0.1
REST_SHARE = 9.0
REST_MAX_S = 1.0


class Pressure:
    """Counts arrivals in short windows; no timer, nothing while idle. Instants are the caller's."""

    def __init__(self) -> None:
        self._since = 0.0
        self._arrived = 0
        self._per_s = 0.0

    def arrived(self, now: float) -> None:
        """One notice came in."""
        self._arrived += 1
        if not 0.0 <= now - self._since < WINDOW_S:
            self._turn(now)

    def rest_s(self, began: float, now: float) -> float:
        """How long a step that began then should rest now: it keeps a tenth of the time while the intake is
        busy, so that its work never stands still, and all of it otherwise."""
        if not 0.0 <= now - self._since < WINDOW_S:
            self._turn(now)
        if self._per_s < BUSY_PER_S:
            return 0.0
        return min(REST_MAX_S, REST_SHARE * max(0.0, now - began))

    def _turn(self, now: float) -> None:
        lasted_s = now - self._since
        self._per_s = self._arrived / lasted_s if lasted_s > 0.0 else 0.0
        self._since, self._arrived = now, 0
