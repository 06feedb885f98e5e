"""Several accounts at the command line: going live one by one, and the list of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.support import Shop, free_port


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orquestador.toml").write_text("[channels.falabella]\n[channels.pe]\nwarehouse = 'LIM'\n")
    return Shop(tmp_path, free_port())


def live(shop: Shop) -> dict[str, bool]:
    items = shop.run("channels", "list", "--json").json["items"]
    return {item["id"]: item["orders_since_at"] is not None for item in items}


def test_one_account_may_go_live_alone(shop: Shop) -> None:
    shop.receive("FAL-1")
    assert live(shop) == {"falabella": False, "pe": False}
    preview = shop.run("go-live", "--channel", "pe", "--json")
    assert ([c["id"] for c in preview.json["channels"]], preview.json["open_orders"]) == (["pe"], [])
    done = shop.run("go-live", "--channel", "pe", "--yes", "--json")
    assert (done.code, done.json["channels"]) == (0, ["pe"])
    assert live(shop) == {"falabella": False, "pe": True}
    again = shop.run("go-live", "--channel", "pe", "--yes", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    # Later the others; what is asked is about them alone.
    rest = shop.run("go-live", "--json")
    assert [c["id"] for c in rest.json["channels"]] == ["falabella"]
    assert [o["order_id"] for o in rest.json["open_orders"]] == ["FAL-1"]
    assert shop.run("go-live", "--yes").code == 0
    assert live(shop) == {"falabella": True, "pe": True}


def test_an_account_that_is_not_there_is_named(shop: Shop) -> None:
    refused = shop.run("go-live", "--channel", "co", "--yes")
    assert (refused.code, "co" in refused.err, "falabella, pe" in refused.err) == (1, True, True)


@pytest.mark.parametrize(("lang", "words"), [("en", "observing"), ("es", "observando")])
def test_the_list_for_people(shop: Shop, lang: str, words: str) -> None:
    shown = shop.run("channels", "list", APP_LANG=lang)
    assert shown.code == 0
    assert "LIM" in shown.out
    assert words in shown.out
