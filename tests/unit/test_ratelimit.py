"""The rules of the limits on callers, counted in memory on a clock that is moved by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orquestador.ops.counters import MemoryCounters
from orquestador.ops.ratelimit import Rate, RequestLimits, one_client, whole_seconds

TEN = Rate(10, 60)


class Hand:
    """Seconds, moved by hand. They begin at a full minute, where a window of the calendar would end."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def counters(hand: Hand) -> MemoryCounters:
    return MemoryCounters(hand)


async def let_through(counters: MemoryCounters, tries: int, name: str = "a", rate: Rate = TEN) -> int:
    return [await counters.hit("rule", name, rate) for _ in range(tries)].count(None)


async def test_all_of_a_rate_at_once_then_as_many_as_leave_the_window(
    counters: MemoryCounters, hand: Hand
) -> None:
    assert await let_through(counters, 30) == 10
    hand.at += 59
    assert await let_through(counters, 30) == 0
    # The window has ended, and the one before counts less every six seconds.
    passed = []
    for _ in range(10):
        hand.at += 6.1
        passed.append(await let_through(counters, 5))
    assert passed == [1] * 10
    hand.at += 130
    assert await let_through(counters, 30) == 10


async def test_the_wait_that_is_told_is_enough(counters: MemoryCounters, hand: Hand) -> None:
    assert await let_through(counters, 10) == 10
    waits = []
    for _ in range(5):
        wait_s = await counters.hit("rule", "a", TEN)
        assert wait_s is not None
        waits.append(whole_seconds(wait_s))
        hand.at += waits[-1] - 1
        assert await counters.hit("rule", "a", TEN) is not None
        hand.at += 1
        assert await counters.hit("rule", "a", TEN) is None
    assert waits[0] == 61
    assert all(5 <= wait <= 7 for wait in waits[1:])


async def test_callers_and_rules_are_counted_apart(counters: MemoryCounters) -> None:
    assert await let_through(counters, 11, "a") == 10
    assert await let_through(counters, 11, "b") == 10
    assert await counters.hit("another rule", "a", TEN) is None


async def test_a_clock_that_was_set_back_gives_nothing_away_and_locks_nobody_out(
    counters: MemoryCounters, hand: Hand
) -> None:
    assert await let_through(counters, 11) == 10
    hand.at -= 86_400
    wait_s = await counters.hit("rule", "a", TEN)
    assert wait_s is not None
    assert wait_s <= 60
    hand.at += 61
    assert await counters.hit("rule", "a", TEN) is None


async def test_a_bounded_number_of_callers_is_kept_those_seen_last(hand: Hand) -> None:
    counters = MemoryCounters(hand, names_max=100)
    assert await let_through(counters, 10, "attacker") == 10
    for n in range(1000):
        await counters.hit("rule", f"address {n}", TEN)
        assert await counters.hit("rule", "attacker", TEN) is not None
    assert len(counters) == 100
    assert await let_through(counters, 10, "address 999") == 9
    assert await let_through(counters, 11, "address 1") == 10


CALLS = st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=120)


@given(gaps=CALLS, calls=st.integers(1, 20))
@settings(max_examples=200, deadline=None)
async def test_in_the_long_run_a_rate_is_kept_and_each_wait_is_enough(gaps: list[float], calls: int) -> None:
    hand = Hand()
    counters, rate = MemoryCounters(hand), Rate(calls, 60)
    start = hand.at
    for passed, gap in enumerate(gaps, start=1):
        hand.at += gap
        wait_s = await counters.hit("rule", "a", rate)
        if wait_s is not None:
            assert 0 <= wait_s <= 60
            hand.at += whole_seconds(wait_s)
            assert await counters.hit("rule", "a", rate) is None
        # Never more than every window begun may have.
        assert passed <= calls * (math.floor((hand.at - start) / 60) + 1)


# --- who is counted


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:DB8:0:0:ffff:1:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "unknown", False),
    ],
)
def test_which_addresses_are_one_client(one: str, other: str, same: bool) -> None:
    assert (one_client(one) == one_client(other)) is same


def test_what_is_no_address_is_bounded() -> None:
    assert len(one_client("x" * 10_000)) <= 64


async def test_a_key_is_counted_wherever_it_comes_from_and_apart_from_addresses(hand: Hand) -> None:
    limits = RequestLimits(MemoryCounters(hand), api=Rate(2, 60), failed_proofs=Rate(1, 60))
    assert [await limits.api_call(f"192.0.2.{n}", "maria") for n in range(2)] == [None, None]
    assert await limits.api_call("192.0.2.9", "maria") is not None
    assert await limits.api_call("192.0.2.9", "pedro") is None
    assert [await limits.api_call("maria") for _ in range(2)] == [None, None]
    assert await limits.api_call("maria") is not None
    assert await limits.failed_proof("2001:db8::1") is None
    assert await limits.failed_proof("2001:db8::2") is not None


@pytest.mark.parametrize("counted", [True, False])
async def test_without_a_rate_or_counters_there_is_no_limit(hand: Hand, counted: bool) -> None:
    limits = RequestLimits(MemoryCounters(hand)) if counted else RequestLimits(api=TEN, failed_proofs=TEN)
    for _ in range(100):
        assert await limits.api_call("192.0.2.1") is None
        assert await limits.failed_proof("192.0.2.1") is None


def test_a_wait_is_told_in_whole_seconds_never_too_short() -> None:
    assert [whole_seconds(wait) for wait in (0.0, 0.2, 5.99, 6.0, 6.01)] == [1, 1, 6, 7, 7]
