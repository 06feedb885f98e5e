"""A circuit breaker per upstream: a failure as a whole stops the calls, single probes find its return."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from orquestador.model.errors import Unavailable
from orquestador.ports import Clock

FIRST_PROBE_S = 1.0
MAX_PROBE_S = 30.0


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call is under way to find out."""


class Circuit:
    """Opens on the first failure, lets single probes through after 1, 2, 4 ... 30 s, closes on a success."""

    def __init__(
        self, clock: Clock, *, first_probe_s: float = FIRST_PROBE_S, max_probe_s: float = MAX_PROBE_S
    ) -> None:
        self._clock = clock
        self._first_s, self._max_s = first_probe_s, max_probe_s
        self._interval_s = first_probe_s
        self._changed = asyncio.Event()
        self.state = CircuitState.CLOSED
        self.probe_at: float | None = None
        """While open: the instant from which one call is let through."""
        self.last_ok_at: float | None = None
        self.last_error: str | None = None
        self.last_error_at: float | None = None

    def admit(self) -> bool:
        """Ask before a call; True when it is the probe. Raises Unavailable while the circuit is open."""
        self.refuse_while_open()
        if self.state is CircuitState.CLOSED:
            return False
        self.state = CircuitState.HALF_OPEN
        return True

    def refuse_while_open(self) -> None:
        """Raises what `admit` would raise, and takes no probe: for those who are to wait before they call."""
        probing = self.state is CircuitState.OPEN and self._probe_due()
        if self.state is not CircuitState.CLOSED and not probing:
            raise Unavailable(f"circuit open: {self.last_error or 'the upstream failed'}")

    def succeeded(self) -> None:
        """The upstream answered."""
        self.last_ok_at = self._clock.now()
        if self.state is CircuitState.CLOSED:
            return
        self.state, self.probe_at, self._interval_s = CircuitState.CLOSED, None, self._first_s
        self._notify()

    def failed(self, detail: str, *, probe: bool = False) -> None:
        """The upstream failed as a whole. Only a probe lengthens the wait: calls under way fail together."""
        now = self._clock.now()
        self.last_error, self.last_error_at = detail, now
        if probe:
            self._interval_s = min(self._max_s, self._interval_s * 2)
        if probe or self.state is CircuitState.CLOSED:
            self.state, self.probe_at = CircuitState.OPEN, now + self._interval_s
            self._notify()

    def gave_up(self) -> None:
        """The probe was cancelled and proved nothing: the next call may probe."""
        if self.state is CircuitState.HALF_OPEN:
            self.state, self.probe_at = CircuitState.OPEN, self._clock.now()
            self._notify()

    async def wait_closed(self) -> None:
        """Return when a call makes sense: closed, or a probe is due (several may return; one gets it)."""
        while self.state is not CircuitState.CLOSED and not (
            self.state is CircuitState.OPEN and self._probe_due()
        ):
            changed = self._changed
            left = self._max_s if self.probe_at is None else self.probe_at - self._clock.now()
            await self._clock.wait(
                changed, max(0.0, left) if self.state is CircuitState.OPEN else self._max_s
            )

    def _probe_due(self) -> bool:
        return self.probe_at is None or self._clock.now() >= self.probe_at

    def _notify(self) -> None:
        # A fresh event each time: whoever waits holds the old one, so nobody misses a change.
        self._changed.set()
        self._changed = asyncio.Event()
