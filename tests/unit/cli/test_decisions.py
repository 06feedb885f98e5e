"""`go-live`, `backup`, `uninstall` over a store that no service has open."""

from __future__ import annotations

import sqlite3

from tests.unit.cli.support import Shop


def test_without_yes_nothing_goes_live(shop: Shop) -> None:
    shop.receive("7")
    ended = shop.run("go-live")
    assert ended.code == 2
    assert "7" in ended.out
    assert "already taken out" in ended.out
    assert "--yes" in ended.err
    told = shop.run("go-live", "--take", "7", "--json")
    assert told.code == 2
    assert (told.json["live"], told.json["changed"]) == (False, False)
    assert told.json["would_take_now"] == ["order:falabella:7"]
    assert shop.run("status", "--json").json["mode"] == "observe"


def test_yes_takes_only_what_was_named(shop: Shop) -> None:
    shop.receive("7")
    shop.receive("8")
    done = shop.run("go-live", "--yes", "--take", "8", "--json")
    assert done.code == 0
    assert (done.json["live"], done.json["taken_now"], done.json["taken_before"]) == (True, 1, 1)
    assert shop.run("orders", "show", "7", "--json").json["reason"] == "before_go_live"
    assert shop.run("orders", "show", "8", "--json").json["order"]["take_anyway"] is True
    assert shop.run("status", "--json").json["mode"] == "live"


def test_take_all(shop: Shop) -> None:
    shop.receive("7")
    shop.receive("8")
    assert shop.run("go-live", "--yes", "--take-all", "--json").json["taken_now"] == 2


def test_the_first_instant_stays(shop: Shop) -> None:
    first = shop.run("go-live", "--yes", "--json").json["orders_since_at"]
    again = shop.run("go-live", "--yes", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert "already" in shop.run("go-live").out
    assert first.endswith("Z")


def test_an_order_that_is_not_open_cannot_be_taken(shop: Shop) -> None:
    shop.receive("7")
    ended = shop.run("go-live", "--yes", "--take", "99")
    assert (ended.code, "99" in ended.err) == (2, True)
    assert shop.run("status", "--json").json["mode"] == "observe"


def test_backup_is_a_whole_database_and_never_overwrites(shop: Shop) -> None:
    shop.bury("1")
    file = shop.folder / "copy.sqlite3"
    done = shop.run("backup", str(file), "--json")
    assert (done.code, done.json["path"], done.json["size_bytes"]) == (0, str(file), file.stat().st_size)
    copy = sqlite3.connect(file)
    assert copy.execute("SELECT id FROM work").fetchall() == [("order:falabella:1",)]
    copy.close()
    again = shop.run("backup", str(file))
    assert (again.code, "exists already" in again.err) == (1, True)
    assert shop.run("backup", str(shop.folder / "no" / "copy")).code == 2


def test_uninstall_with_nothing_left_says_what_remains(shop: Shop) -> None:
    ended = shop.run("uninstall")
    assert ended.code == 0
    assert str(shop.folder / "data") in ended.out
    assert shop.run("uninstall", "--yes", "--json").json == {"items": []}


def test_webhooks_need_a_public_address(shop: Shop) -> None:
    ended = shop.run("webhooks", "register")
    assert (ended.code, "PUBLIC_URL" in ended.err) == (2, True)
    assert shop.run("webhooks", "register", PUBLIC_URL="https://shop.example.com").code == 1
    assert shop.run("webhooks", "list", "--json").json == {"items": []}
