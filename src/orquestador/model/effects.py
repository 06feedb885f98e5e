"""What to do about an open effect, given what the ERP says about its key (design §6.6-6.9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from orquestador.model.orders import Effect

DOUBT_MAX_S = 120.0
ASK_PERSON_EVERY_S = 300.0


class KeyState(StrEnum):
    """What the ERP has under a key."""

    DONE = "done"
    """Read back: every member of the family is done."""
    ABSENT = "absent"
    OPEN = "open"
    """There is a document, but it is not done yet."""
    RESERVED = "reserved"
    """There are open documents that promise units to us; only for a movement that is to reserve."""
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """A definitive business error about this movement alone; nothing was moved."""
    DOUBTFUL = "doubtful"
    """It may or may not have happened: ask later."""
    FOREIGN = "foreign"
    """The key was found under another document name: for a person."""


class Act(StrEnum):
    SETTLE = "settle"
    """Close it with what was found."""
    HOLD = "hold"
    """Close it with what was found, and make no further effect until a person says so."""
    BOOK = "book"
    """The ledger takes what is promised, and somebody asks again what people did with it."""
    APPLY = "apply"
    FINISH = "finish"
    VOID = "void"
    WAIT = "wait"
    PERSON = "person"
    """It stays open and is asked again every few minutes, so that a person's fix in the ERP closes it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    act: Act
    effect: Effect
    reason: str | None = None
    due_at: float | None = None
    """When to look again, for WAIT and PERSON."""


def judge(
    effect: Effect,
    state: KeyState,
    *,
    erp_id: int | None,
    detail: str | None,
    needed: bool,
    now: float,
    code: str | None = None,
) -> Verdict:
    """The next step for an open effect. `needed` is False when doing it would overshoot what the order asks
    for now; `code` is why it was refused, where that has words of its own."""
    answer = f"{state.value}:{erp_id or ''}"
    # What is not proven ours is not asked by its id next time: that would make it ours in silence.
    ours = effect.erp_id if state is KeyState.FOREIGN else erp_id or effect.erp_id
    before, seen = effect.asked, replace(effect, asked=answer, erp_id=ours)
    match state:
        case KeyState.DONE:
            return Verdict(Act.SETTLE, seen)
        case KeyState.RESERVED:
            # Needed or not: what is too much is given up afterwards, in absolute numbers.
            return Verdict(Act.BOOK, seen)
        case KeyState.CANCELLED:
            return Verdict(Act.HOLD, seen, "cancelled_in_erp") if needed else Verdict(Act.SETTLE, seen)
        case KeyState.FOREIGN:
            return Verdict(Act.PERSON, seen, f"foreign_document:{detail or ''}", now + ASK_PERSON_EVERY_S)
        case KeyState.REFUSED if needed:
            reason = f"{code or 'refused_by_erp'}:{detail or ''}"
            return Verdict(Act.PERSON, seen, reason, now + ASK_PERSON_EVERY_S)
        case KeyState.REFUSED:
            return Verdict(Act.VOID, seen)
        case KeyState.DOUBTFUL:
            seen = replace(seen, doubt_at=effect.doubt_at or now)
            return Verdict(Act.WAIT, seen, "doubtful", now + _ask_again_in(seen, now))
        case KeyState.ABSENT | KeyState.OPEN:
            if _in_doubt(effect, now) and before != answer:
                # A cut-off call may still be running over there: act only when two answers agree.
                return Verdict(Act.WAIT, seen, "doubtful", now + _ask_again_in(effect, now))
            if state is KeyState.OPEN:
                return Verdict(Act.FINISH if needed else Act.VOID, seen)
            if effect.erp_id is not None:
                return Verdict(Act.HOLD, seen, "deleted_in_erp") if needed else Verdict(Act.SETTLE, seen)
            return Verdict(Act.APPLY if needed else Act.VOID, seen)


def _in_doubt(effect: Effect, now: float) -> bool:
    return effect.doubt_at is not None and now < effect.doubt_at + DOUBT_MAX_S


def _ask_again_in(effect: Effect, now: float) -> float:
    age = now - (effect.doubt_at or now)
    return min(15.0, max(0.5, age / 2))
