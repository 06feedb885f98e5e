"""The budget of feed-creating calls of a seller (falabella.md 5): 50, then one per 120 s, 770 a day."""

from collections import deque
from dataclasses import dataclass, field

DAY_S = 86_400.0


@dataclass(slots=True)
class FeedBudget:
    """A token bucket with a daily ceiling; the caller gives the time, so that it is the sandbox's."""

    tokens: float | None = None  # None = full
    refilled_at: float = 0.0
    accepted: deque[float] = field(default_factory=deque)

    def take(self, now: float, *, burst: int, interval_s: float, per_day: int, strict: bool) -> bool:
        """Spends one call if there is one. `strict` reads the documentation to the letter: beyond the burst
        each call also keeps the interval to the one before it, even if tokens were saved up meanwhile."""
        before = float(burst) if self.tokens is None else self.tokens
        tokens = min(float(burst), before + max(0.0, now - self.refilled_at) / interval_s)
        self.refilled_at = now
        while self.accepted and self.accepted[0] <= now - DAY_S:
            self.accepted.popleft()
        too_soon = strict and len(self.accepted) >= burst and now - self.accepted[-1] < interval_s
        # Refilling adds up fractions; a hair below one is one.
        allowed = tokens >= 1 - 1e-6 and len(self.accepted) < per_day and not too_soon
        self.tokens = tokens - 1 if allowed else tokens
        if allowed:
            self.accepted.append(now)
        return allowed
