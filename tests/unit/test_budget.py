"""The token bucket of a channel's scarce calls (design §7.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.model.budget import (
    DAY_S,
    FALABELLA_FEEDS,
    LINGER_MAX_INTERVALS,
    LINGER_MIN_S,
    MAX_INTERVAL_S,
    Budget,
    BudgetSpec,
    kept_for_urgent,
    linger_s,
    ordinary_wait,
    succeeded,
    take,
    throttled,
)

NOW = 1_750_000_000.0
SPEC = BudgetSpec(burst=3, interval_s=120.0, per_day=770)


def _spend(budget: Budget, calls: int, now: float, spec: BudgetSpec = SPEC) -> Budget:
    for _ in range(calls):
        budget, retry_at = take(budget, spec, now)
        assert retry_at is None
    return budget


def test_a_burst_is_free_and_then_one_call_comes_each_interval() -> None:
    budget = _spend(Budget.full(SPEC, NOW), 3, NOW)
    budget, retry_at = take(budget, SPEC, NOW + 20)
    assert retry_at == pytest.approx(NOW + 120)
    budget = _spend(budget, 1, NOW + 120)
    assert take(budget, SPEC, NOW + 120)[1] == pytest.approx(NOW + 240)


def test_a_call_is_free_at_the_very_instant_that_was_told() -> None:
    budget = _spend(Budget.full(SPEC, NOW), 3, NOW)
    for step in range(1, 50):
        budget, retry_at = take(budget, SPEC, NOW + step * 2.4)
        if retry_at is None:
            assert step * 2.4 >= 120 - 1e-6
            return
    assert take(budget, SPEC, NOW + 120)[1] is None


def test_it_never_fills_beyond_the_burst() -> None:
    budget = Budget.full(SPEC, NOW).refill(SPEC, NOW + 10 * DAY_S)
    assert budget.tokens == SPEC.burst


def test_time_that_runs_backwards_gives_nothing_and_costs_nothing() -> None:
    budget = _spend(Budget.full(SPEC, NOW), 3, NOW)
    earlier = budget.refill(SPEC, NOW - 5000)
    assert (earlier.tokens, earlier.refilled_at) == (0, NOW)
    assert take(earlier, SPEC, NOW - 5000)[1] == pytest.approx(NOW + 120)


def test_a_day_has_its_own_limit() -> None:
    spec = BudgetSpec(burst=1000, interval_s=1.0, per_day=5)
    budget = _spend(Budget.full(spec, NOW), 5, NOW, spec)
    assert budget.used_today() == 5
    budget, retry_at = take(budget, spec, NOW + 60)
    assert retry_at is not None
    assert retry_at >= NOW + DAY_S
    assert retry_at <= NOW + DAY_S + 3600
    assert take(budget, spec, retry_at - 1)[1] is not None
    assert take(budget, spec, retry_at)[1] is None


def test_a_429_empties_it_and_doubles_the_interval_up_to_ten_minutes() -> None:
    budget = Budget.full(SPEC, NOW)
    intervals = []
    for _ in range(4):
        budget = throttled(budget, NOW)
        intervals.append(budget.interval_s)
    assert (budget.tokens, intervals) == (0, [240, 480, MAX_INTERVAL_S, MAX_INTERVAL_S])
    assert take(budget, SPEC, NOW)[1] == pytest.approx(NOW + MAX_INTERVAL_S)


def test_each_success_halves_the_interval_back_to_the_published_one() -> None:
    budget = throttled(throttled(Budget.full(SPEC, NOW), NOW), NOW)
    intervals = []
    for _ in range(3):
        budget = succeeded(budget, SPEC)
        intervals.append(budget.interval_s)
    assert intervals == [240, 120, 120]


def test_falabellas_published_limits() -> None:
    assert (FALABELLA_FEEDS.burst, FALABELLA_FEEDS.interval_s, FALABELLA_FEEDS.per_day) == (50, 120, 770)
    assert FALABELLA_FEEDS.usable == 49


@given(st.lists(st.tuples(st.floats(0, 400), st.floats(0, 100)), min_size=60, max_size=200))
def test_a_call_that_was_long_on_its_way_never_leaves_the_last_one_without(
    calls: list[tuple[float, float]],
) -> None:
    """Each call is taken when it leaves, and counted on the other side when it arrives."""
    ours, now, arrivals = Budget.full(FALABELLA_FEEDS, NOW), NOW, [NOW]
    published = replace(FALABELLA_FEEDS, spare=0)
    theirs = Budget.full(published, NOW)
    for pause, on_its_way in calls:
        now += 0.0 if len(arrivals) < 50 else pause  # the burst at once, the rest as it comes
        ours, retry_at = take(ours, FALABELLA_FEEDS, now)
        if retry_at is None:
            arrivals.append(now + on_its_way)
    for at in sorted(arrivals[1:]):
        theirs, refused = take(theirs, published, at)
        assert refused is None


@given(st.lists(st.one_of(st.floats(-200, 5000), st.just("throttled"), st.just("succeeded")), max_size=200))
def test_the_published_limits_hold_whatever_happens(steps: list[float | str]) -> None:
    spec = BudgetSpec(burst=5, interval_s=120.0, per_day=40)
    budget, now, calls = Budget.full(spec, NOW), NOW, []
    for step in steps:
        if step == "throttled":
            budget = throttled(budget, now)
        elif step == "succeeded":
            budget = succeeded(budget, spec)
        elif isinstance(step, float):
            now += step
            budget, retry_at = take(budget, spec, now)
            assert budget.tokens >= 0
            if retry_at is None:
                calls.append(budget.refilled_at)
            else:
                assert retry_at > now
    assert calls == sorted(calls)
    for at in calls:
        day = [c for c in calls if at <= c < at + DAY_S]
        assert len(day) <= spec.per_day
        for upto in day:
            burst = [c for c in day if c <= upto]
            assert len(burst) <= spec.burst + (upto - at) / spec.interval_s + 1e-6


def test_coalescing_grows_as_the_budget_empties() -> None:
    waits = [linger_s(tokens, FALABELLA_FEEDS) for tokens in (49, 46, 30, 15, 10)]
    assert waits[0] == LINGER_MIN_S
    assert waits == sorted(waits)
    assert waits[1] < 1.0
    assert waits[-1] == LINGER_MAX_INTERVALS * FALABELLA_FEEDS.interval_s


def _holding(tokens: float) -> Budget:
    return Budget(tokens=tokens, refilled_at=NOW, interval_s=FALABELLA_FEEDS.interval_s)


def test_the_last_calls_of_the_burst_are_kept_for_what_is_urgent() -> None:
    kept = kept_for_urgent(FALABELLA_FEEDS)
    assert kept == 10
    for tokens in (1.0, 5.5, kept + 0.5):
        wait = ordinary_wait(_holding(tokens), FALABELLA_FEEDS, now=NOW, last_push_at=0.0)
        assert wait is not None
        assert wait[0] == pytest.approx(NOW + (kept + 1 - tokens) * 120.0)
        assert wait[1] == "kept_for_urgent"
    assert ordinary_wait(_holding(kept + 1.0), FALABELLA_FEEDS, now=NOW, last_push_at=0.0) is None


def test_an_ordinary_change_goes_at_the_instant_that_was_told() -> None:
    budget = _spend(Budget.full(FALABELLA_FEEDS, NOW), 43, NOW, FALABELLA_FEEDS)
    wait = ordinary_wait(budget, FALABELLA_FEEDS, now=NOW, last_push_at=0.0)
    assert wait is not None
    for step in range(1, 51):  # looked at often meanwhile
        at = NOW + (wait[0] - NOW) * step / 50
        budget = budget.refill(FALABELLA_FEEDS, at)
    assert ordinary_wait(budget, FALABELLA_FEEDS, now=wait[0], last_push_at=0.0) is None


@given(st.floats(1, 49), st.floats(0, 2000), st.booleans())
def test_a_change_that_is_gathered_goes_at_the_instant_that_was_told(
    tokens: float, since: float, returns: bool
) -> None:
    def wait(at: float) -> tuple[float, str] | None:
        budget = _holding(tokens).refill(FALABELLA_FEEDS, at)
        return ordinary_wait(budget, FALABELLA_FEEDS, now=at, last_push_at=NOW - since, returns=returns)

    told = wait(NOW)
    if told is not None:
        at, why = told
        assert NOW < at <= NOW + 11 * FALABELLA_FEEDS.interval_s
        assert why in ("kept_for_urgent", "coalescing")
        assert wait(at + 0.02) is None
        assert wait(NOW + (at - NOW) * 0.98 - 0.05) is not None


def test_without_any_call_left_the_budget_itself_says_until_when() -> None:
    assert ordinary_wait(_holding(0.5), FALABELLA_FEEDS, now=NOW, last_push_at=0.0) is None


@pytest.mark.parametrize("burst", [1, 3, 4])
def test_a_small_burst_keeps_nothing(burst: int) -> None:
    spec = BudgetSpec(burst=burst, interval_s=1.0, per_day=1000)
    assert kept_for_urgent(spec) == 0
    assert ordinary_wait(Budget.full(spec, NOW), spec, now=NOW, last_push_at=0.0) is None
