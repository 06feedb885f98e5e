"""Flow 2 through HTTP: what moves in the ERP reaches the marketplace (P3), within its budget (P4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import ADMIN, SECRET, Stack, wait_for

# The cursor of the ERP looks hardly ever, so that what is shown here comes from its webhook; hints are looked
# at as early as it gets.
SERVICE = {
    "ODOO_POLL_S": "7200",
    "HINT_DELAYS_S": "0.01,0.5",
    "FALABELLA_WRITE_TIMEOUT_S": "2",
    # These tests sell out one SKU after the other, by hand in Odoo: tests of brakes are elsewhere.
    "BRAKE_LISTINGS": "1000",
}


@pytest.fixture(scope="module", autouse=True)
def never_refused(shared: Stack) -> Iterator[None]:
    """Whatever the tests of this module do: the marketplace never had to refuse a call (P4)."""
    yield
    assert shared.falabella.state()["refused_429"] == 0


def move(shop: Stack, sku: str, delta: int) -> None:
    """A person receives or sells units in Odoo."""
    shop.odoo.post("move", {"sku": sku, "delta": delta})


def hint(shop: Stack, sku: str) -> None:
    answer = shop.client.post(f"/odoo/webhook/stock-change/{SECRET}", json={"sku": sku, "quantity": 7})
    assert answer.status_code == 200


@contextmanager
def looked_at(shop: Stack, sku: str, times: int) -> Iterator[None]:
    """What happens inside has been looked at so often, and then rested, when this ends."""
    before = shop.listed(sku)["wantedVersion"]
    yield

    def rested() -> bool:
        row = shop.listing(sku)
        return bool(row["wantedVersion"] >= before + times and row["state"] == "settled")

    wait_for(f"{sku} is looked at {times} times", rested)


@contextmanager
def no_webhooks_of_odoo(shop: Stack) -> Iterator[None]:
    shop.odoo.post("webhook", {"url": None})
    yield
    shop.odoo.post("webhook", {"url": f"{shop.url}/odoo/webhook/stock-change/{SECRET}"})


def test_a_receipt_and_a_manual_sale_arrive_by_webhook(shop: Stack) -> None:
    received, sold = shop.sku(), shop.sku()
    move(shop, received, 25)
    move(shop, sold, -40)
    shop.settles({received: 1025, sold: 960})
    assert shop.feeds(received) == [1025]
    assert shop.feeds(sold) == [960]
    shop.confirmed(sold, 960)


def test_without_webhooks_they_arrive_by_the_cursor(shop: Stack) -> None:
    received, sold = shop.sku(), shop.sku()
    with no_webhooks_of_odoo(shop):
        move(shop, received, 25)
        move(shop, sold, -40)
        assert shop.feeds(sold) == []
        shop.falabella.post("clock", {"advance_s": 7201})
        shop.settles({received: 1025, sold: 960})


def test_a_phantom_webhook_changes_nothing(shop: Stack) -> None:
    sku = shop.sku()
    with looked_at(shop, sku, 1), shop.odoo.faulty(phantom_webhook=1):
        refused = shop.odoo.client.post(f"{shop.odoo.url}/_sandbox/move", json={"sku": sku, "delta": -300})
        assert refused.status_code == 409
    assert shop.on_hand(sku) == 1000
    assert shop.feeds(sku) == []


def test_hints_before_the_commit_never_publish_intermediate_numbers(shop: Stack) -> None:
    sku = shop.sku()
    committed = {1000}
    for _ in range(12):
        move(shop, sku, -7)
        committed.add(shop.on_hand(sku))
    shop.settles({sku: 916})
    shop.idle()
    sent = shop.feeds(sku)
    assert set(sent) <= committed
    assert sent == sorted(sent, reverse=True)
    assert sent[-1] == 916


def test_a_listing_that_shows_the_number_is_never_pushed(shop: Stack) -> None:
    sku, kept = shop.sku(), shop.sku()
    feeds = len(shop.falabella.state()["feeds"])
    with looked_at(shop, sku, 1):
        hint(shop, sku)
    assert shop.feeds(sku) == []
    assert len(shop.falabella.state()["feeds"]) == feeds
    # A quantity in a notice of the marketplace is not believed either.
    with looked_at(shop, kept, 1):
        answer = shop.client.post(
            f"/falabella/webhook/stock/{SECRET}", json=[{"sku": kept, "quantity": 3}, {"sku": sku}]
        )
        assert answer.status_code == 200
    assert shop.feeds(kept) == []


def test_an_own_sale_and_its_cancellation_need_no_push(shop: Stack) -> None:
    sku = shop.sku()
    shop.listed(sku)
    order = shop.sell((sku, 3))
    shop.settles({sku: 997})
    shop.set_status(order, "canceled")
    shop.settles({sku: 1000})
    shop.idle()
    assert shop.feeds(sku) == []


def test_a_sale_and_a_cancellation_during_a_feed_end_right(shop: Stack) -> None:
    """The feed ends later and writes over what was sold meanwhile, or given back."""
    sold, cancelled = shop.sku(), shop.sku()
    order = shop.sell((cancelled, 4))
    shop.settles({cancelled: 996})
    with shop.falabella.faulty(feed_delay_s=60):
        for sku in (sold, cancelled):
            move(shop, sku, -10)
        shop.sent(sold, 990)
        import time

        time.sleep(3)
        print(
            "ROW",
            shop.listing(cancelled),
            shop.feeds(cancelled),
            shop.falabella.state()["feeds"][-1],
            shop.falabella.state()["stock"][cancelled],
            shop.get("/channels"),
        )
        shop.sent(cancelled, 986)
        shop.sell((sold, 3))
        shop.set_status(order, "canceled")
        wait_for("the ERP has both", lambda: (shop.on_hand(sold), shop.on_hand(cancelled)) == (987, 990))
        shop.falabella.post("clock", {"advance_s": 61})
        wait_for("the feed is over", lambda: (shop.shown(sold), shop.shown(cancelled)) == (990, 986))
    shop.settles({sold: 987, cancelled: 990})
    assert (shop.feeds(sold), shop.feeds(cancelled)) == ([990, 987], [986, 990])


def test_a_refused_sku_is_tried_again_while_the_others_are_confirmed(shop: Stack) -> None:
    good, bad = shop.sku(), shop.sku()
    with shop.falabella.faulty(reject_skus={bad: "The stock is locked by a campaign"}):
        with no_webhooks_of_odoo(shop):
            move(shop, good, -10)
            move(shop, bad, -10)
        for sku in (good, bad):
            hint(shop, sku)
        wait_for("the good one is confirmed", lambda: shop.shown(good) == 990)
        row = shop.listing_when("refused", bad, lambda row: row["attempts"] >= 1)
        assert row["state"] == "waiting"
        assert "locked by a campaign" in row["reason"]
        assert shop.shown(bad) == 1000
    shop.falabella.post("clock", {"advance_s": 300})  # the longest pause between two tries
    shop.settles({good: 990, bad: 990})
    row = shop.listing_when("well", bad, lambda row: row["state"] == "settled")
    assert row["attempts"] == 0


def test_a_sku_that_is_refused_for_good_is_dead_with_the_reason(shop: Stack) -> None:
    bad = shop.sku()
    with shop.falabella.faulty(reject_skus={bad: "The stock is locked by a campaign"}):
        move(shop, bad, -10)

        def dead() -> bool:
            row = shop.listing(bad)
            if row["state"] == "waiting" and row["attempts"]:
                shop.falabella.post("clock", {"advance_s": 300})
            return bool(row["state"] == "dead")

        wait_for("dead", dead)
        row = shop.listing(bad)
        assert row["reason"].startswith("refused:")
        assert "locked by a campaign" in row["reason"]
    # A person removes the cause and asks again.
    assert shop.cli("work", "retry", f"listing:falabella:{bad}").returncode == 0
    shop.settles({bad: 990})


def test_a_sku_that_the_channel_does_not_know_is_dead_until_the_catalogue_lists_it(shop: Stack) -> None:
    gone = shop.sku()
    with shop.falabella.faulty(reject_skus={gone: "Seller SKU does not exist"}):
        move(shop, gone, -10)
        wait_for("dead", lambda: shop.listing(gone)["state"] == "dead")
        before = shop.listing(gone)["doneVersion"]
        move(shop, gone, -1)
        wait_for(
            "looked at again, and still dead",
            lambda: (row := shop.listing(gone))["state"] == "dead" and row["doneVersion"] > before,
        )
        assert shop.listing(gone)["reason"] == "sku_not_found_on_channel"
        assert shop.feeds(gone) == [990]
    shop.falabella.post("clock", {"advance_s": 3601})  # the next read of the catalogue
    shop.settles({gone: 989})


def test_a_young_feed_is_not_lost_and_a_slow_one_is_waited_for(shop: Stack) -> None:
    sku = shop.sku()

    def asked() -> int:
        return int(shop.falabella.state()["calls"].get("FeedStatus", 0))

    def asked_since(before: int) -> int:
        return wait_for("it is asked for", lambda: n if (n := asked()) > before else 0)

    with shop.falabella.faulty(e012_s=30, feed_delay_s=60):
        before = asked()
        move(shop, sku, -10)
        shop.sent(sku, 990)
        for age_s in (0, 31, 30):  # not visible there, in work there, finished
            assert shop.listing(sku)["listing"]["confirmed"] is None
            shop.falabella.post("clock", {"advance_s": age_s})
            before = asked_since(before)
        shop.settles({sku: 990})
    shop.confirmed(sku, 990)
    assert shop.feeds(sku) == [990]


def test_an_update_that_was_cut_off_is_found_again_and_not_sent_twice(shop: Stack) -> None:
    sku = shop.sku()
    with shop.falabella.faulty(commit_then_timeout=1):
        move(shop, sku, -10)
        shop.sent(sku, 990)
        shop.confirmed(sku, 990)
    shop.settles({sku: 990})
    assert shop.feeds(sku) == [990]


def test_more_changes_than_calls_wait_and_say_until_when(shop: Stack) -> None:
    def left() -> float:
        return float(shop.get("/channels")["items"][0]["budgetLeft"])

    def sold_out(sku: str) -> None:
        move(shop, sku, -1000)
        told = shop.client.post(f"/falabella/webhook/stock/{SECRET}", json={"sku": sku})
        assert told.status_code == 200

    # What falls to nothing goes at once, a call for each.
    with no_webhooks_of_odoo(shop):
        while left() >= 1:
            sku = shop.sku()
            sold_out(sku)
            shop.sent(sku, 0)
        assert left() < 1
        late = [shop.sku() for _ in range(3)]
        for sku in late:
            sold_out(sku)

    def waits(sku: str) -> bool:
        row = shop.listing(sku)
        return (row["state"], row["reason"], row["listing"]["why"]) == ("waiting", "budget", "budget")

    # All of them, and no hint is on its way: a jump of the clock in the middle of a computation would decide
    # by chance who shares the one call.
    wait_for("the next ones wait", lambda: all(waits(sku) for sku in late))
    assert [shop.feeds(sku) for sku in late] == [[]] * 3
    assert shop.falabella.state()["refused_429"] == 0
    shop.falabella.post("clock", {"advance_s": 121})
    shop.settles(dict.fromkeys(late, 0))
    assert [shop.feeds(s) for s in late] == [[0]] * 3


@embedded_only
def test_buffer_and_cap(world: Stack) -> None:
    world.up(STOCK_BUFFER="2", STOCK_CAP="50")
    few, none, many = "SKU-00001", "SKU-00002", "SKU-00003"
    world.set_stock(few, 10)
    world.set_stock(none, 2)

    def shown() -> list[int]:
        stock = world.falabella.state()["stock"]
        return [int(stock[s]) for s in (few, none, many)]

    wait_for("by the rule", lambda: shown() == [8, 0, 50])
    world.sell((few, 3), (many, 3))
    wait_for("by the rule, after a sale", lambda: world.on_hand(many) == 997 and shown() == [5, 0, 50])


@embedded_only
def test_a_marketplace_whose_written_number_is_gross(world: Stack) -> None:
    world.falabella.post("faults", {"write_means": "gross"})
    world.up(FALABELLA_WRITE_MEANS="gross")
    one, two = "SKU-00001", "SKU-00002"
    pending = world.sell((one, 3), (two, 2))
    world.settles({one: 997, two: 998})
    world.odoo.post("move", {"sku": one, "delta": -7})
    world.settles({one: 990})
    assert world.feeds(one)[-1] == 993  # what is still pending there is subtracted there
    world.set_status(pending, "ready_to_ship")
    world.odoo.post("move", {"sku": two, "delta": 4})
    world.settles({one: 990, two: 1002})
    assert world.client.get("/status", headers=ADMIN).json()["dead"] == 0
