"""Rules in force: what they do to numbers, pushes and mappings while everything runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.flows import rules
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.poll import CataloguePoll
from orquestador.flows.rules import RuleTeller
from orquestador.model.errors import Unavailable
from orquestador.model.rules import CHANNEL_WIDE, TELL_AGAIN_S, Lifted, RuleFields
from orquestador.model.stock import RuleUse, WriteMeans
from orquestador.model.work import State
from tests.unit.flows.test_push import Shop


async def put(shop: Shop, ref: str, **fields: object) -> None:
    await rules.change(shop.context, "shop", ref, "ana", lambda old: replace(old, **fields))  # type: ignore[arg-type]


async def pushed(shop: Shop) -> list[dict[str, int]]:
    """Everything that was sent, once all that is due is done."""
    for _ in range(6):
        shop.clock.advance(5.0)
        await shop.pusher.run_once()
        await shop.confirm()
    return shop.pushed


async def test_a_changed_rule_makes_its_listings_due_and_says_which_gave_the_number(shop: Shop) -> None:
    assert await pushed(shop) == []
    await put(shop, "A", cap=3)
    assert await pushed(shop) == [{"A": 3}]
    await put(shop, CHANNEL_WIDE, buffer=4)
    assert await pushed(shop) == [{"A": 3}, {"B": 6}]
    listings = {w.ref: w.listing for w in await shop.journal.listings_for(["A", "B"])}
    assert listings["A"].rule == RuleUse("cap", "sku", 3)
    assert listings["B"].rule == RuleUse("buffer", "channel", 4)
    await put(shop, "A", cap=None)
    await put(shop, "B", buffer=0)
    assert (await pushed(shop))[-1] in ({"A": 6, "B": 10}, {"B": 10, "A": 6})


async def test_frozen_nothing_is_sent_and_unfrozen_the_current_number(shop: Shop) -> None:
    await pushed(shop)
    (rule,) = await rules.frozen_by_hand(shop.context, None, "A", "wrong price", "ana")
    assert rule.fields.freeze is not None
    assert (rule.fields.freeze.by, rule.fields.freeze.reason) == ("ana", "wrong price")
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    shop.erp.move_by_hand("A", -1)
    await shop.changed("A")
    assert await pushed(shop) == []
    (work,) = await shop.journal.listings_for(["A"])
    assert (work.listing.why, work.listing.wanted, work.differs) == ("frozen", 6, False)
    await rules.unfrozen_by_hand(shop.context, "shop", "A", "ana")
    assert await pushed(shop) == [{"A": 6}]


async def test_orders_of_a_frozen_listing_go_on_and_it_is_not_lowered_while_the_erp_is_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pushed(shop)
    await rules.frozen_by_hand(shop.context, "shop", None, None, "ana")
    await shop.order("1", "A", 2)
    await ErpLane(shop.context, shop.erp).run_once()
    assert shop.erp.stock["A"] == 8

    async def away(skus: object, scope: object = None) -> object:
        raise Unavailable("away")

    monkeypatch.setattr(shop.erp, "availability", away)
    await shop.order("2", "B", 2)
    assert await pushed(shop) == []


async def test_one_that_is_not_published_is_left_alone_until_it_is_included(shop: Shop) -> None:
    await put(shop, CHANNEL_WIDE, publish=False)
    shop.erp.move_by_hand("A", -3)
    assert await pushed(shop) == []
    shop.channel.shown["C"] = 5
    shop.erp.stock["C"] = 4
    await CataloguePoll(shop.context, shop.channel).run_once()
    assert not (await shop.journal.listings_for(["C"]))[0].listing.managed
    await put(shop, "C", publish=True)
    assert await pushed(shop) == [{"C": 4}]


async def test_a_mapped_offer_shows_the_number_of_its_product_and_follows_it(shop: Shop) -> None:
    await pushed(shop)
    shop.erp.stock["ODOO"] = 7
    await put(shop, "A", erp_sku="ODOO")
    assert await pushed(shop) == [{"A": 7}]
    await CataloguePoll(shop.context, shop.channel).run_once()
    shop.erp.move_by_hand("ODOO", -2)
    await shop.changed("ODOO")
    assert await pushed(shop) == [{"A": 7}, {"A": 5}]
    # Many offers of one product each show its number.
    await put(shop, "B", erp_sku="ODOO")
    assert (await pushed(shop))[-1] == {"B": 5}
    await put(shop, "A", erp_sku=None)
    assert (await pushed(shop))[-1] == {"A": 10}
    (work,) = await shop.journal.listings_for(["A"])
    assert work.listing.seller_sku is None


async def test_a_mapping_reaches_lines_that_took_nothing_and_both_products(shop: Shop) -> None:
    await pushed(shop)
    shop.erp.stock["ODOO"] = 7
    del shop.erp.stock["A"]
    await shop.order("1", "A", 2)
    lane = ErpLane(shop.context, shop.erp)
    await lane.run_once()
    (order,) = await shop.journal.get(["order:shop:1"])
    assert (order.state, order.reason) == (State.DEAD, "unknown_sku:A")
    await put(shop, "A", erp_sku="ODOO")
    await shop.worker.run_once()
    await lane.run_once()
    assert shop.erp.stock["ODOO"] == 5
    (order,) = await shop.journal.get(["order:shop:1"])
    assert order.order is not None
    assert [(li.sku, li.ref, li.taken) for li in order.order.lines] == [("ODOO", "A", 2)]
    assert order.state is State.SETTLED
    # What has taken something stays with the product that it took.
    await put(shop, "A", erp_sku="B")
    await shop.worker.run_once()
    await lane.run_once()
    assert (shop.erp.stock["ODOO"], shop.erp.stock["B"]) == (5, 10)


async def test_a_gross_channel_gets_the_reserved_units_of_the_offer_that_was_bought(shop: Shop) -> None:
    shop.channel.write_means = WriteMeans.GROSS
    await put(shop, "A", erp_sku="ODOO")
    shop.erp.stock["ODOO"] = 9
    await put(shop, "B", erp_sku="ODOO")
    await pushed(shop)
    await shop.order("1", "A", 2)
    await pushed(shop)
    last: dict[str, int] = {}
    for sent in shop.pushed:
        last |= sent
    assert last == {"A": 9, "B": 7}


async def test_what_a_dead_process_did_not_tell_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await pushed(shop)

    async def dies(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(rules, "tell_now", dies)
        with pytest.raises(ConnectionError):
            await put(shop, "A", cap=1)
    assert await pushed(shop) == []
    await RuleTeller(shop.context).run_once()
    assert await pushed(shop) == [{"A": 1}]
    assert await shop.journal.rules_to_tell(9) == []


async def test_an_order_that_was_folded_by_the_old_mapping_meanwhile_is_found(shop: Shop) -> None:
    shop.erp.stock["ODOO"] = 7
    await put(shop, "A", erp_sku="ODOO")
    (rule,) = await shop.journal.rules("shop", ["A"])
    assert rule.tell_at == pytest.approx(rule.changed_at + TELL_AGAIN_S)
    # As a fold leaves it that read the rules before the change and ended after its marks.
    await rules.change_all(shop.context, "x", [(rule, RuleFields())])
    (rule,) = await shop.journal.rules("shop", ["A"])
    await shop.order("1", "A", 2)
    await shop.journal.save_rules([replace(rule, fields=RuleFields(erp_sku="ODOO"))])
    shop.clock.advance(TELL_AGAIN_S)
    await RuleTeller(shop.context).run_once()
    await shop.worker.run_once()
    (order,) = await shop.journal.get(["order:shop:1"])
    assert order.order is not None
    assert order.order.lines[0].sku == "ODOO"


async def test_a_lifted_cap_lets_the_settings_not_count(shop: Shop) -> None:
    await put(shop, CHANNEL_WIDE, cap=2)
    assert await pushed(shop) == [{"A": 2, "B": 2}]
    await put(shop, "A", cap=Lifted.NONE)
    assert (await pushed(shop))[-1] == {"A": 10}
