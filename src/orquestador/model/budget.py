"""The persistent token bucket of a channel's scarce calls (design §7.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

DAY_S = 86_400.0
MAX_INTERVAL_S = 600.0
LINGER_MIN_S = 0.3
"""A burst of sales becomes one call, and nobody waits for it noticeably."""
SOON_S = 0.01
LINGER_MAX_INTERVALS = 5.0
"""With no call but the kept ones left, an ordinary change waits at most so many intervals for company."""
URGENT_SHARE = 0.2
"""Of the burst: so many calls are kept for what is urgent."""


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """Published limits: `burst` calls free, then one per `interval_s` seconds, at most `per_day` in any 24
    h."""

    burst: int
    interval_s: float
    per_day: int
    spare: int = 0
    """Calls of the burst that are never made. The other side counts a call when it arrives: one that was
    long on its way would else let the last one of the burst find nothing."""

    @property
    def usable(self) -> int:
        """Calls of the burst that may be made."""
        return self.burst - self.spare


FALABELLA_FEEDS = BudgetSpec(burst=50, interval_s=120.0, per_day=770, spare=1)
"""falabella.md §5: 50 feed calls, then one per 120 s, 770 a day, counted per seller."""


@dataclass(frozen=True, slots=True)
class Budget:
    """State of one bucket. Refilled by the store's time, which never runs backwards here."""

    tokens: float
    refilled_at: float
    interval_s: float
    recent: tuple[tuple[float, int], ...] = ()
    """(hour start, calls) of the last 24 hours; whole hours, so that the row stays small."""

    @classmethod
    def full(cls, spec: BudgetSpec, now: float) -> Budget:
        return cls(tokens=float(spec.usable), refilled_at=now, interval_s=spec.interval_s)

    def refill(self, spec: BudgetSpec, now: float) -> Budget:
        now = max(now, self.refilled_at)
        tokens = min(float(spec.usable), self.tokens + (now - self.refilled_at) / self.interval_s)
        # An hour counts until its last call is surely older than a day.
        recent = tuple((at, n) for at, n in self.recent if at + 3600.0 > now - DAY_S)
        return replace(self, tokens=tokens, refilled_at=now, recent=recent)

    def used_today(self) -> int:
        return sum(n for _, n in self.recent)


def take(budget: Budget, spec: BudgetSpec, now: float) -> tuple[Budget, float | None]:
    """Take one call. Returns the new state and None, or the refilled state and the instant at which to try
    again."""
    budget = budget.refill(spec, now)
    now = budget.refilled_at
    if budget.used_today() >= spec.per_day:
        return budget, budget.recent[0][0] + 3600.0 + DAY_S
    # 1e-9: refilling in many small steps must not leave 0.999999 of a call.
    if budget.tokens < 1.0 - 1e-9:
        return budget, now + (1.0 - budget.tokens) * budget.interval_s
    hour = now - now % 3600.0
    recent = budget.recent
    if recent and recent[-1][0] == hour:
        recent = (*recent[:-1], (hour, recent[-1][1] + 1))
    else:
        recent = (*recent, (hour, 1))
    return replace(budget, tokens=max(0.0, budget.tokens - 1.0), recent=recent), None


def throttled(budget: Budget, now: float) -> Budget:
    """After an unexpected 429: empty, and half as fast (up to 10 min a call)."""
    at = max(now, budget.refilled_at)
    return replace(budget, tokens=0.0, refilled_at=at, interval_s=min(MAX_INTERVAL_S, budget.interval_s * 2))


def succeeded(budget: Budget, spec: BudgetSpec) -> Budget:
    """After an accepted call: the interval halves back towards the published one."""
    return replace(budget, interval_s=max(spec.interval_s, budget.interval_s / 2))


def kept_for_urgent(spec: BudgetSpec) -> int:
    """Calls of the burst that ordinary changes leave alone; what comes back in stock leaves half of them."""
    return int(spec.burst * URGENT_SHARE)


def linger_s(tokens: float, spec: BudgetSpec) -> float:
    """Seconds to gather ordinary changes since the last push: a moment while calls are plenty, else longer.

    Coalescing harder as the bucket empties keeps calls for what is urgent.
    """
    kept = kept_for_urgent(spec)
    used = 1.0 - min(1.0, max(0.0, (tokens - kept) / max(1, spec.usable - kept)))
    return max(LINGER_MIN_S, float(LINGER_MAX_INTERVALS * spec.interval_s * used**3))


def ordinary_wait(
    budget: Budget, spec: BudgetSpec, *, now: float, last_push_at: float, returns: bool = False
) -> tuple[float, str] | None:
    """Until when changes that are not urgent wait, and the reason; None = they may go now.

    `budget` is refilled up to `now`; `last_push_at` = 0: nothing more is gathered; `returns`: one of them
    comes back in stock. What is urgent does not ask here, and takes along whatever waits.
    """
    if budget.tokens < 1.0:
        return None  # no call is left at all: taking one says until when
    kept = kept_for_urgent(spec)
    # As in `take`: many small refills must not leave 0.999999 of a call.
    missing = max(0.0, (kept // 2 if returns else kept) + 1.0 - budget.tokens - 1e-9)

    def early_s(at: float) -> float:
        """Seconds that are still to be gathered at an instant, with the calls that are there by then."""
        return last_push_at + linger_s(budget.tokens + (at - now) / budget.interval_s, spec) - at

    soonest = now + missing * budget.interval_s
    latest = soonest + early_s(soonest)
    if latest - soonest > SOON_S:
        low = soonest
        while latest - low > SOON_S:
            middle = (low + latest) / 2
            low, latest = (middle, latest) if early_s(middle) > 0.0 else (low, middle)
    else:
        latest = soonest
    if latest <= now:
        return None
    return latest, "kept_for_urgent" if missing else "coalescing"
