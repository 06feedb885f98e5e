"""Contract of a journal, part 6: rules, each a compare-and-set, in pages, and told once they changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.clock import ManualClock
from orquestador.model.orders import LineState, Owner
from orquestador.model.rules import CHANNEL_WIDE, NOTHING, Freeze, Lifted, RuleFields, StoredRule
from orquestador.ports import Journal, RuleQuery, Save
from tests.contract.journal_data import CHANNEL, order_id, order_row, seen

FULL = RuleFields(
    publish=False,
    erp_sku="$ODÓO-1",
    buffer=2,
    cap=Lifted.NONE,
    share=0.29,
    fixed=Lifted.NONE,
    allow_oversell=True,
    freeze=Freeze(12.5, "ana", "precio: «malo»"),
)


def rule(ref: str, fields: RuleFields = FULL, *, channel: str = CHANNEL, rev: int = 0) -> StoredRule:
    return StoredRule(channel, ref, fields, rev, changed_at=7.25, changed_by="ana")


async def _refs(journal: Journal, query: RuleQuery) -> list[str]:
    found, _ = await journal.find_rules(query)
    return [r.ref for r in found]


class RuleContract:
    async def test_a_rule_is_read_as_it_was_written(self, journal: Journal, clock: ManualClock) -> None:
        odd = [rule(CHANNEL_WIDE, RuleFields(cap=5)), rule("$S.1"), rule("a/b c"), rule("ñ", channel="x")]
        assert await journal.save_rules(odd) == [True] * 4
        found = await journal.rules(CHANNEL, ["", "$S.1", "a/b c", "ñ", "a/b", "other"])
        assert {r.ref: r for r in found} == {r.ref: replace(r, rev=1) for r in odd[:3]}

    async def test_each_change_is_a_compare_and_set(self, journal: Journal, clock: ManualClock) -> None:
        first, other = rule("A"), rule("B")
        assert await journal.save_rules([first]) == [True]
        assert await journal.save_rules([replace(first, fields=NOTHING), other]) == [False, True]
        (stored,) = await journal.rules(CHANNEL, ["A"])
        assert stored.fields == FULL
        changed = replace(stored, fields=RuleFields(buffer=9))
        assert await journal.save_rules([changed, replace(other, rev=1)]) == [True, True]
        assert await journal.save_rules([replace(changed, fields=FULL)]) == [False]
        assert await journal.save_rules([rule("C", rev=4)]) == [False]
        (stored,) = await journal.rules(CHANNEL, ["A", "C"])
        assert (stored.fields, stored.rev) == (RuleFields(buffer=9), 2)

    async def test_one_that_says_nothing_stays_with_its_rev_and_is_not_listed(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.save_rules([rule("A")])
        await journal.save_rules([rule("A", NOTHING, rev=1)])
        assert await _refs(journal, RuleQuery()) == []
        (stored,) = await journal.rules(CHANNEL, ["A"])
        assert (stored.fields, stored.rev) == (NOTHING, 2)
        assert await journal.save_rules([rule("A")]) == [False]

    async def test_pages_by_channel_and_ref(self, journal: Journal, clock: ManualClock) -> None:
        refs = ["", "a", "b/ %", "c", "ñ"]
        await journal.save_rules([rule(ref) for ref in refs] + [rule("a", channel="z")])
        got: list[tuple[str, str]] = []
        cursor: str | None = None
        while True:
            page, cursor = await journal.find_rules(RuleQuery(limit=2, after=cursor))
            got += [(r.channel, r.ref) for r in page]
            if cursor is None:
                break
        assert got == [*((CHANNEL, ref) for ref in refs), ("z", "a")]
        with pytest.raises(ValueError, match="cursor"):
            await journal.find_rules(RuleQuery(after="nonsense"))

    async def test_found_by_channel_by_either_sku_and_by_a_freeze(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        plain = RuleFields(buffer=1)
        await journal.save_rules(
            [
                rule("A", RuleFields(erp_sku="ODOO-1")),
                rule("ODOO-1", plain),
                rule("C", RuleFields(freeze=Freeze(1.0, "ana"))),
                rule("A", plain, channel="z"),
            ]
        )
        assert await _refs(journal, RuleQuery(channel=CHANNEL)) == ["A", "C", "ODOO-1"]
        assert await _refs(journal, RuleQuery(sku="ODOO-1")) == ["A", "ODOO-1"]
        assert await _refs(journal, RuleQuery(sku="A", channel="z")) == ["A"]
        assert await _refs(journal, RuleQuery(frozen=True)) == ["C"]

    async def test_what_is_to_be_told_comes_when_it_is_time_and_until_it_was(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        now = clock.now()
        later = replace(rule("later"), tell_at=now + 60)
        due, old = replace(rule("due"), tell_at=now), replace(rule("old", NOTHING), tell_at=0.0)
        await journal.save_rules([later, due, old, rule("told")])
        assert [r.ref for r in await journal.rules_to_tell(10)] == ["old", "due"]
        assert [r.ref for r in await journal.rules_to_tell(1)] == ["old"]
        await journal.save_rules([replace(old, tell_at=None, rev=1), replace(due, tell_at=None, rev=1)])
        assert await journal.rules_to_tell(10) == []
        clock.advance(60.0)
        assert [r.ref for r in await journal.rules_to_tell(10)] == ["later"]

    async def test_orders_whose_units_of_a_sku_are_not_proven(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        now = clock.now()
        open_ = seen("A1", ("S1", 2), ("S2", 1), at=now)
        taken = seen("A2", ("S1", 2), at=now)
        taken = replace(taken, lines=(replace(taken.lines[0], taken=2),))
        whose = seen("A3", ("S1", 1), at=now, owner=Owner.UNKNOWN)
        cancelled = seen("A4", ("S1", 1), at=now, state=LineState.CANCELLED)
        twin = seen("A5", ("S9", 1), at=now, reserved=True)
        twin = replace(twin, lines=(replace(twin.lines[0], sku="S1", ref="S9"),))
        orders = (open_, taken, whose, cancelled, twin)
        assert all(await journal.save([Save(order_row(order)) for order in orders]))
        found = await journal.unproven_orders(["S1", "S3"])
        assert sorted(found) == [order_id("A1"), order_id("A3"), order_id("A5")]
        assert await journal.unproven_orders(["S2"]) == [order_id("A1")]
        # The ERP's SKU has the units, the seller's what the channel holds back of that very offer.
        units = await journal.units(["S1", "S9"])
        assert (units["S9"].unproven, units["S9"].reserved) == (0, {CHANNEL: 1})
        assert units["S1"].reserved == {}
