"""Whatever is answered in whatever pages: the brakes add up, and a yes covers what was asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orquestador.model.brakes import (
    APPROVAL_S,
    HELD,
    HOUR_S,
    Brake,
    Change,
    Limits,
    Move,
    Window,
    approve,
    judge,
)

REFS = st.sampled_from([f"S{n}" for n in range(40)])
NUMBERS = st.integers(0, 200)
CHANGES = st.builds(Change, REFS, st.none() | NUMBERS, NUMBERS, st.booleans())
BATCHES = st.lists(
    st.tuples(st.floats(0, 2 * HOUR_S), st.lists(CHANGES, max_size=12, unique_by=lambda c: c.ref)),
    max_size=25,
)
LIMITS = st.builds(Limits, listings=st.integers(1, 12), hour=st.floats(0.01, 0.5), day=st.floats(0.01, 1.0))


@given(BATCHES, LIMITS, st.integers(0, 100), st.booleans())
def test_no_more_than_the_limit_is_ever_sent_without_a_yes(
    batches: list[tuple[float, list[Change]]], limits: Limits, size: int, approving: bool
) -> None:
    brake, now = Brake(), 1_000.0
    sent: list[tuple[float, str, Move]] = []
    for number, (pause_s, batch) in enumerate(batches):
        now += pause_s
        before = brake
        judged = judge(brake, batch, limits=limits, size=size, now=now, new_id=f"p{number}", first=False)
        brake = judged.brake
        assert set(judged.held.values()) <= HELD
        for change in batch:
            if change.ref in judged.held:
                continue
            if change.move is Move.ZERO and change.explained:
                continue
            if change.move in (Move.ZERO, Move.JUMP) and not before.covers(change, now):
                sent.append((now, change.ref, change.move))
        for move in (Move.ZERO, Move.JUMP):
            for window in Window:
                # A listing that was counted is not counted again within minutes; then its count is that old.
                since = now - window.seconds + 300.0
                count = len({ref for at, ref, m in sent if m is move and at > since})
                assert count < limits.stops_at(window, size)
        if approving and brake.trip is not None:
            brake = approve(brake, [c for c in batch if c.ref in judged.held], now)


@given(st.lists(CHANGES, max_size=30, unique_by=lambda c: c.ref), LIMITS, st.integers(0, 100))
def test_a_trip_holds_rises_and_unexplained_zeroes_and_nothing_else(
    batch: list[Change], limits: Limits, size: int
) -> None:
    judged = judge(Brake(), batch, limits=limits, size=size, now=0.0, new_id="p", first=False)
    if judged.brake.trip is None:
        assert not judged.held
        return
    for change in batch:
        held = change.move.up or (change.move is Move.ZERO and not change.explained)
        assert (change.ref in judged.held) == held


@given(st.lists(CHANGES, min_size=1, max_size=30, unique_by=lambda c: c.ref), LIMITS, st.floats(0, 4000))
def test_a_yes_lets_the_same_changes_go_for_half_an_hour(
    batch: list[Change], limits: Limits, later: float
) -> None:
    judged = judge(Brake(), batch, limits=limits, size=0, now=0.0, new_id="p", first=False)
    if judged.brake.trip is None:
        return
    brake = approve(judged.brake, [c for c in batch if c.ref in judged.held], 0.0)
    again = judge(brake, batch, limits=limits, size=0, now=later, new_id="q", first=False)
    assert (not again.held) == (later < APPROVAL_S)


@given(st.lists(CHANGES, min_size=1, max_size=30, unique_by=lambda c: c.ref))
def test_a_first_push_waits_whole(batch: list[Change]) -> None:
    judged = judge(Brake(), batch, limits=Limits(), size=99, now=0.0, new_id="p", first=True)
    assert judged.held == {c.ref: "first_push" for c in batch}
    opened = approve(judged.brake, batch, 5.0)
    again = judge(opened, batch, limits=Limits(), size=99, now=6.0, new_id="q", first=True)
    assert not again.held
    assert again.brake is opened


@given(BATCHES)
def test_a_batch_that_repeats_writes_nothing(batches: list[tuple[float, list[Change]]]) -> None:
    brake, now = Brake(), 0.0
    for pause_s, batch in batches:
        now += pause_s
        once = judge(brake, batch, limits=Limits(), size=40, now=now, new_id="p", first=False)
        again = judge(once.brake, batch, limits=Limits(), size=40, now=now + 1.0, new_id="q", first=False)
        assert again.brake is once.brake
        assert again.held == once.held
        brake = once.brake
