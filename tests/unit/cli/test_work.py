"""`work` and `orders` over a store that no service has open."""

from __future__ import annotations

import re

import pytest

from tests.unit.cli.support import Shop

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_json_is_snake_case_with_instants_in_utc(shop: Shop) -> None:
    key = shop.bury("1")
    page = shop.run("work", "list", "--state", "dead", "--json").json
    assert page["next_cursor"] is None
    row = page["items"][0]
    assert (row["id"], row["state"], row["reason"]) == (key, "dead", "unknown_sku:NOPE")
    assert all(INSTANT.fullmatch(row[name]) for name in ("due_at", "created_at", "updated_at"))
    assert row["order"]["lines"][0]["should_be_out"] == 1
    assert not [name for name in _names(page) if name != name.lower()]


def _names(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for item in value.values() for name in _names(item))]
    return [name for item in value for name in _names(item)] if isinstance(value, list) else []


def test_a_list_shows_what_is_not_settled_and_filters(shop: Shop) -> None:
    dead = shop.bury("1")
    shop.receive("2")
    assert [row["id"] for row in shop.run("work", "list", "--json").json["items"]] == [dead]
    both = shop.run("orders", "list", "--json").json["items"]
    assert {row["ref"] for row in both} == {"1", "2"}
    assert shop.run("orders", "list", "--sku", "NOPE", "--json").json["items"][0]["id"] == dead
    assert shop.run("work", "list", "--kind", "listing", "--json").json["items"] == []
    assert shop.run("work", "list", "--channel", "other", "--json").json["items"] == []


@pytest.mark.parametrize(
    ("lang", "why", "step"),
    [
        ("en", "Odoo does not have the SKU NOPE", "Next step:"),
        ("es", "Odoo no tiene el SKU NOPE", "Siguiente paso:"),
    ],
)
def test_show_says_why_and_what_to_do(shop: Shop, lang: str, why: str, step: str) -> None:
    key = shop.bury("1")
    shown = shop.run("work", "show", key, APP_LANG=lang)
    assert shown.code == 0
    assert why in shown.out
    assert step in shown.out
    assert f"work retry {key}" in shown.out
    assert why in shop.run("work", "list", APP_LANG=lang).out


def test_retry_makes_it_due_again(shop: Shop) -> None:
    key = shop.bury("1")
    assert shop.run("work", "retry", key).code == 0
    row = shop.run("work", "show", key, "--json").json
    assert (row["state"], row["attempts"], row["reason"]) == ("due", 0, "retry")


def test_discard_is_settled_by_a_person_with_the_note(shop: Shop) -> None:
    key = shop.bury("1")
    assert shop.run("work", "discard", key, "--note", "moved by hand").code == 0
    row = shop.run("work", "show", key, "--json").json
    assert (row["state"], row["reason"]) == ("settled", "settled_by_person:moved by hand")
    again = shop.run("work", "discard", key)
    assert (again.code, "settled already" in again.out) == (1, True)


def test_a_filter_chooses_many(shop: Shop) -> None:
    keys = {shop.bury("1"), shop.bury("2"), shop.bury("3", "order_not_visible")}
    done = shop.run("work", "discard", "--state", "dead", "--json").json["items"]
    assert {item["id"] for item in done} == keys
    assert all(item["done"] and item["state"] == "settled" for item in done)
    assert shop.run("work", "retry", "--state", "dead").out.strip() == "There is nothing to show."


def test_one_that_does_not_exist_does_not_hold_back_the_others(shop: Shop) -> None:
    key = shop.bury("1")
    ended = shop.run("work", "retry", "order:falabella:none", key, "--json")
    assert ended.code == 1
    assert [item["done"] for item in ended.json["items"]] == [False, True]


def test_ids_with_odd_characters_are_found(shop: Shop) -> None:
    key = shop.bury("A/1 ñ?x=%2F#")
    assert shop.run("work", "show", key, "--json").json["id"] == key
    assert shop.run("orders", "show", "A/1 ñ?x=%2F#", "--json").json["id"] == key


def test_an_order_is_shown_by_id_or_number_with_its_notices(shop: Shop) -> None:
    shop.receive("2")
    row = shop.run("orders", "show", "2", "--json").json
    assert row["receipts"][0]["event"] == "simple"
    assert "SKU-00001" in shop.run("orders", "show", "2").out
    shop.bury("1")
    assert shop.run("orders", "show", "N1", "--json").json["ref"] == "1"


def test_an_order_that_does_not_exist(shop: Shop) -> None:
    shop.bury("1")
    ended = shop.run("orders", "show", "99")
    assert (ended.code, ended.out) == (1, "")
    assert "There is no such thing" in ended.err


def test_only_an_order_from_before_go_live_is_adopted(shop: Shop) -> None:
    shop.receive("2")
    refused = shop.run("orders", "adopt", "2")
    assert (refused.code, "not an order from before go-live" in refused.err) == (1, True)
    assert shop.run("go-live", "--yes").code == 0
    assert shop.run("orders", "show", "2", "--json").json["reason"] == "before_go_live"
    assert shop.run("orders", "adopt", "2").code == 0
    row = shop.run("orders", "show", "2", "--json").json
    assert (row["state"], row["order"]["take_anyway"], row["order"]["history"]) == ("due", True, False)


def test_logs_of_one_order(shop: Shop) -> None:
    shop.receive("2")
    items = shop.run("logs", "--order", "2", "--json").json["items"]
    assert [(entry["service"], entry["order_id"]) for entry in items] == [("falabella", "2")]
    assert "webhook" in shop.run("logs").out
    assert shop.run("logs", "--service", "nobody").code == 2
