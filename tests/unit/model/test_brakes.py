"""The numbers of the brakes, as they are documented."""

from __future__ import annotations

import pytest

from orquestador.model.brakes import (
    BRAKE,
    DAY_S,
    HOUR_S,
    Brake,
    Change,
    Limits,
    Move,
    TripKind,
    Window,
    approve,
    judge,
    move_of,
    reject,
    release,
)

LIMITS = Limits()


def zeroes(first: int, count: int) -> list[Change]:
    return [Change(f"S{n}", 5, 0) for n in range(first, first + count)]


def sent(brake: Brake, changes: list[Change], now: float, size: int = 50) -> tuple[Brake, list[str]]:
    judged = judge(brake, changes, limits=LIMITS, size=size, now=now, new_id=f"p{now}", first=False)
    return judged.brake, [c.ref for c in changes if c.ref not in judged.held]


@pytest.mark.parametrize(
    ("shows", "wanted", "move"),
    [
        (5, 0, Move.ZERO),
        (None, 0, Move.ZERO),
        (0, 0, Move.SAME),
        (5, 5, Move.SAME),
        (5, 4, Move.FALL),
        (5, 6, Move.RISE),
        (0, 19, Move.RISE),
        (0, 20, Move.JUMP),
        (None, 20, Move.JUMP),
        (10, 29, Move.RISE),
        (10, 30, Move.JUMP),
        (9, 28, Move.RISE),
        (9, 29, Move.JUMP),
        (11, 32, Move.RISE),
        (100, 299, Move.RISE),
        (100, 300, Move.JUMP),
    ],
)
def test_what_a_change_is(shows: int | None, wanted: int, move: Move) -> None:
    assert move_of(shows, wanted) is move


@pytest.mark.parametrize(
    ("size", "hour", "day"), [(0, 10, 10), (50, 10, 15), (100, 10, 30), (105, 11, 32), (10_000, 1_000, 3_000)]
)
def test_from_how_many_on_a_person_is_asked(size: int, hour: int, day: int) -> None:
    assert (LIMITS.stops_at(Window.HOUR, size), LIMITS.stops_at(Window.DAY, size)) == (hour, day)


def test_the_tenth_zero_of_a_small_catalogue_is_stopped_page_by_page() -> None:
    brake, gone = Brake(), 0
    for page in range(20):
        brake, some = sent(brake, zeroes(page * 3, 3), now=float(page))
        gone += len(some)
    assert gone == 9
    assert brake.trip is not None
    assert (brake.trip.kind, brake.trip.count, brake.trip.limit) == (TripKind.ZERO, 12, 10)


def test_ten_per_cent_of_a_large_one() -> None:
    brake, gone = Brake(), 0
    for page in range(200):
        brake, some = sent(brake, zeroes(page * 50, 50), now=page * 10.0, size=10_000)
        gone += len(some)
    assert gone == 950


def test_a_day_has_a_limit_of_its_own() -> None:
    brake, gone = Brake(), 0
    for hour in range(20):
        brake, some = sent(brake, zeroes(hour * 9, 9), now=hour * (HOUR_S + 1), size=100)
        gone += len(some)
    assert gone == 27
    assert brake.trip is not None
    assert brake.trip.window is Window.DAY


def test_what_was_yesterday_does_not_count() -> None:
    brake, _ = sent(Brake(), zeroes(0, 9), now=0.0)
    brake, some = sent(brake, zeroes(9, 1), now=HOUR_S + 1)
    assert some
    brake, some = sent(brake, zeroes(20, 9), now=DAY_S + HOUR_S + 2)
    assert len(some) == 9
    assert len(brake.zeroed) == 9


def test_the_same_listing_counts_once() -> None:
    brake = Brake()
    for minute in range(120):
        brake, some = sent(brake, zeroes(0, 9), now=minute * 60.0)
        assert len(some) == 9
    assert brake.trip is None


def test_what_orders_explain_goes_on_and_so_do_falls() -> None:
    brake, _ = sent(Brake(), zeroes(0, 12), now=0.0)
    assert brake.trip is not None
    batch = [Change("A", 3, 0, explained=True), Change("B", 9, 2), Change("C", 1, 2), Change("D", 3, 0)]
    assert sent(brake, batch, now=1.0)[1] == ["A", "B"]


def test_jumps_have_a_count_of_their_own() -> None:
    jumps = [Change(f"J{n}", 5, 500) for n in range(9)]
    brake, some = sent(Brake(), [*jumps, *zeroes(0, 9)], now=0.0)
    assert len(some) == 18
    brake, some = sent(brake, [Change("J9", 5, 500), Change("K", 5, 6)], now=1.0)
    assert some == []
    assert brake.trip is not None
    assert brake.trip.kind is TripKind.JUMP


def test_a_worse_plan_asks_again() -> None:
    plan = [*zeroes(0, 12), Change("J", 10, 12)]
    brake, some = sent(Brake(), plan, now=0.0)
    assert some == []
    brake = approve(brake, plan, now=10.0)
    brake, some = sent(brake, [*plan, Change("X", 5, 4)], now=20.0)
    assert len(some) == 14
    assert brake.trip is None
    # The same direction, but further than a person saw; and others than she saw.
    worse = [Change("J", 10, 36), *zeroes(50, 12)]
    brake, some = sent(brake, worse, now=30.0)
    assert some == []
    assert brake.trip is not None


def test_a_yes_to_a_fall_is_none_to_a_zero() -> None:
    brake = approve(Brake(), [Change(f"S{n}", 5, 3) for n in range(20)], now=0.0)
    assert sent(brake, zeroes(0, 20), now=1.0)[1] == []
    brake = approve(Brake(), [Change(f"S{n}", 5, 0) for n in range(20)], now=0.0)
    assert sent(brake, [Change(f"S{n}", 5, 500) for n in range(20)], now=1.0)[1] == []


def test_a_no_goes_on_holding_until_it_is_released() -> None:
    brake, _ = sent(Brake(), zeroes(0, 12), now=0.0)
    refused = reject(brake, 5.0, "ana")
    assert refused.trip is not None
    assert (refused.trip.rejected_at, refused.trip.rejected_by) == (5.0, "ana")
    assert reject(refused, 6.0, "eva") is refused
    assert sent(refused, [Change("C", 1, 2)], now=7.0)[1] == []
    assert sent(release(refused, 8.0), [Change("C", 1, 2)], now=9.0)[1] == ["C"]


def test_the_reason_is_said() -> None:
    judged = judge(Brake(), zeroes(0, 10), limits=LIMITS, size=0, now=0.0, new_id="p", first=False)
    assert set(judged.held.values()) == {BRAKE}
