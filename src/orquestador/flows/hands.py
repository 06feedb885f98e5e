"""What a step has in hand: the rows that it leased, which others may have again as soon as it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orquestador.flows.context import Context


@asynccontextmanager
async def in_hand(context: Context, loop: str) -> AsyncIterator[str]:
    """The owner under which the one step of this loop leases rows; `Upkeep` prolongs those leases while the
    step lasts.

    A step that failed may hold rows without knowing it, because the answer to its claim was lost, or because
    it could not give them back. The next step of that loop frees them first.
    """
    hands = context.hands
    owner = f"{context.owner}/{loop}/"
    if owner in hands.doubtful:
        await context.journal.recover(owner)
        hands.doubtful.discard(owner)
    hands.busy.add(owner)
    try:
        yield owner
    except BaseException:
        hands.doubtful.add(owner)
        raise
    finally:
        hands.busy.discard(owner)
