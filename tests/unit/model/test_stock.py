"""The number that a listing should show, and when a push is spent on it (design §7.3-7.6)."""

from __future__ import annotations

import pytest

from orquestador.model.orders import Units
from orquestador.model.stock import (
    Job,
    JobRecord,
    Listing,
    RecordOutcome,
    Rule,
    Shown,
    WriteMeans,
    net_quantity,
    record_outcomes,
    urgency,
    written_quantity,
)


@pytest.mark.parametrize(
    ("available", "unproven", "rule", "shown"),
    [
        (10.0, 0, Rule(), 10),
        (10.0, 3, Rule(), 7),
        (10.0, 30, Rule(), 0),
        (-4.0, 0, Rule(), 0),
        (6.9999999, 0, Rule(), 7),
        (6.6, 0, Rule(), 6),
        (10.0, 0, Rule(buffer=3), 7),
        (2.0, 0, Rule(buffer=3), 0),
        (10.0, 0, Rule(cap=5), 5),
        (10.0, 0, Rule(buffer=8, cap=5), 2),
    ],
)
def test_net_quantity(available: float, unproven: int, rule: Rule, shown: int) -> None:
    assert net_quantity(available, unproven, rule) == shown


def test_a_gross_channel_gets_its_own_reserved_units_on_top() -> None:
    units = Units(unproven=0, reserved={"falabella": 3, "other": 9})
    assert written_quantity(7, units, "falabella", WriteMeans.NET) == 7
    assert written_quantity(7, units, "falabella", WriteMeans.GROSS) == 10


def test_a_listing_shows_a_number_only_if_the_newest_knowledge_says_so_and_no_own_order_came_since() -> None:
    listing = Listing(channel="ch", ref="A", sku="A", confirmed=Shown(5, at=10.0, own_seq=1))
    assert listing.shows(5, own_seq=1)
    assert not listing.shows(5, own_seq=2)
    assert not listing.shows(6, own_seq=1)
    newer = Listing(
        channel="ch", ref="A", sku="A", confirmed=listing.confirmed, live=Shown(4, at=11.0, own_seq=1)
    )
    assert not newer.shows(5, own_seq=1)
    assert newer.shows(4, own_seq=1)
    assert not Listing(channel="ch", ref="A", sku="A").shows(0, own_seq=0)


def test_zeroing_is_most_urgent_then_big_falls_then_unknown_then_raises() -> None:
    listing = Listing(channel="ch", ref="A", sku="A", confirmed=Shown(10, 1.0, 0))
    fresh = Listing(channel="ch", ref="B", sku="B")
    order = [
        urgency(listing, 0),
        urgency(listing, 1),
        urgency(listing, 9),
        urgency(fresh, 5),
        urgency(listing, 20),
    ]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)


def test_a_record_without_an_outcome_is_unknown_not_accepted() -> None:
    records = tuple(JobRecord(f"w{r}", r, r, 1, 1, 1, 0) for r in "AB")
    job = Job("j", "ch", records, computed_at=1.0)
    done = record_outcomes(job, {"A": (RecordOutcome.ACCEPTED, None)})
    assert [r.outcome for r in done.records] == [RecordOutcome.ACCEPTED, RecordOutcome.UNKNOWN]
