"""Why a number differs, as far as can be told (design §8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.model.drift import Drift, drift_of, looked_at, under_way
from orquestador.model.stock import Listing, Shown
from orquestador.model.work import Kind, State, Work

NEVER = Listing("shop", "A", "A", live=Shown(10, 1.0, 0))
SENT = replace(NEVER, sent=7, sent_at=2.0, confirmed=Shown(7, 3.0, 0))
SOLD_SINCE = replace(SENT, live=Shown(5, 4.0, 1))
"""Two units were sold after 7 was confirmed, and the channel showed 5."""


def row(listing: Listing, state: State = State.SETTLED, **more: object) -> Work:
    work = Work("listing:shop:A", Kind.LISTING, "shop", "A", state, 1, 1, 1, 0.0, doc=listing)
    return replace(work, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("work", "shows", "drift"),
    [
        (row(NEVER), 10, Drift.NEVER_SENT),
        (row(NEVER), 9, Drift.EDITED),
        (row(SENT), 7, Drift.MISSED),
        (row(SENT), 10, Drift.EDITED),
        (row(SENT, own_seq=1), 7, Drift.SOLD),
        (row(SOLD_SINCE, own_seq=1), 7, Drift.SOLD),
        (row(SOLD_SINCE, own_seq=1), 9, Drift.EDITED),
        (row(SENT, State.DEAD, reason="refused:locked"), 10, Drift.REJECTED),
        (row(SENT, State.WAITING, attempts=2), 10, Drift.REJECTED),
    ],
)
def test_the_class_of_a_difference(work: Work, shows: int, drift: Drift) -> None:
    assert drift_of(work, shows) is drift


@pytest.mark.parametrize(
    ("work", "looked", "busy"),
    [
        (row(SENT), True, False),
        (row(SENT, State.DUE), True, True),
        (row(replace(SENT, job_id="1")), True, True),
        (row(SENT, State.WAITING, attempts=2), True, False),
        (row(SENT, State.DEAD, reason="refused:locked"), True, False),
        (row(SENT, State.DEAD, reason="sku_not_found_on_channel"), False, False),
        (row(replace(SENT, managed=False)), False, False),
        (row(replace(SENT, missing=True)), False, False),
    ],
)
def test_which_listings_are_compared_and_which_are_under_way(work: Work, looked: bool, busy: bool) -> None:
    assert (looked_at(work), under_way(work)) == (looked, busy)
