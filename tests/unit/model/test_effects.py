"""The verdict on an open effect (design §6.6-6.9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.model.effects import ASK_PERSON_EVERY_S, DOUBT_MAX_S, Act, KeyState, Verdict, judge
from orquestador.model.orders import Direction, Effect, EffectItem

EFFECT = Effect(1, "k/1", Direction.OUT, (EffectItem("1", "A", 2, 1, ((1, 2.0),)),), made_at=0.0)


def verdict(
    state: KeyState,
    *,
    effect: Effect = EFFECT,
    needed: bool = True,
    erp_id: int | None = None,
    now: float = 10.0,
) -> Verdict:
    return judge(effect, state, erp_id=erp_id, detail="why", needed=needed, now=now)


@pytest.mark.parametrize(
    ("state", "needed", "act"),
    [
        (KeyState.DONE, True, Act.SETTLE),
        (KeyState.DONE, False, Act.SETTLE),
        (KeyState.ABSENT, True, Act.APPLY),
        (KeyState.ABSENT, False, Act.VOID),
        (KeyState.OPEN, True, Act.FINISH),
        (KeyState.OPEN, False, Act.VOID),
        (KeyState.CANCELLED, True, Act.HOLD),
        (KeyState.CANCELLED, False, Act.SETTLE),
        (KeyState.REFUSED, True, Act.PERSON),
        (KeyState.REFUSED, False, Act.VOID),
        (KeyState.FOREIGN, True, Act.PERSON),
        (KeyState.DOUBTFUL, True, Act.WAIT),
    ],
)
def test_next_step(state: KeyState, needed: bool, act: Act) -> None:
    assert verdict(state, needed=needed).act is act


def test_a_document_deleted_by_hand_goes_to_a_person() -> None:
    known = replace(EFFECT, erp_id=7)
    assert verdict(KeyState.ABSENT, effect=known).act is Act.HOLD
    assert verdict(KeyState.ABSENT, effect=known, needed=False).act is Act.SETTLE


def test_in_doubt_nothing_is_done_until_two_answers_agree() -> None:
    doubtful = verdict(KeyState.DOUBTFUL).effect
    first = verdict(KeyState.ABSENT, effect=doubtful, now=12.0)
    assert first.act is Act.WAIT
    assert first.due_at is not None
    assert first.due_at > 12.0
    assert verdict(KeyState.ABSENT, effect=first.effect, now=14.0).act is Act.APPLY
    moved = verdict(KeyState.OPEN, effect=first.effect, erp_id=5, now=14.0)
    assert moved.act is Act.WAIT
    assert verdict(KeyState.OPEN, effect=moved.effect, erp_id=5, now=16.0).act is Act.FINISH


def test_doubt_ends_after_two_minutes_whatever_was_answered() -> None:
    doubtful = verdict(KeyState.DOUBTFUL, now=10.0).effect
    assert verdict(KeyState.ABSENT, effect=doubtful, now=10.0 + DOUBT_MAX_S).act is Act.APPLY


def test_a_person_is_asked_again_every_few_minutes() -> None:
    assert verdict(KeyState.REFUSED, now=10.0).due_at == 10.0 + ASK_PERSON_EVERY_S
    assert verdict(KeyState.FOREIGN, now=10.0).due_at == 10.0 + ASK_PERSON_EVERY_S
