"""A channel with history keeps its id and its account; one without may change and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from orquestador.model.identity import AccountIdentity
from tests.unit.cli.support import Ended, Shop, free_port

CHILE = {
    "FALABELLA_USER_ID": "ops@example.com",
    "FALABELLA_API_KEY": "k",
    "FALABELLA_API_URL": "http://127.0.0.1:9",
}
PERU = '[channels.falabella-pe]\nbusiness_unit = "FAPE"\nuser_id = "{user}"\napi_key = "k"\n'
BOTH = "[channels.falabella]\n" + PERU.format(user="peru@example.com")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, free_port())


def write(shop: Shop, text: str) -> None:
    (shop.folder / "orquestador.toml").write_text(text)


def looked(shop: Shop, **env: str) -> Ended:
    """What every start does first: here, a command that opens the store."""
    return shop.run("channels", "list", "--json", **env)


def ids(ended: Ended) -> list[str]:
    assert ended.code == 0, ended.err
    return [item["id"] for item in ended.json["items"]]


def test_a_channel_without_history_may_go(shop: Shop) -> None:
    write(shop, BOTH)
    assert ids(looked(shop)) == ["falabella", "falabella-pe"]
    write(shop, "")
    assert ids(looked(shop)) == ["falabella"]
    assert "channel_gone" not in shop.run("doctor", "--json").out
    # The default one too, which was never used.
    write(shop, PERU.format(user="peru@example.com"))
    assert ids(looked(shop)) == ["falabella-pe"]


def test_a_channel_with_history_may_not_go(shop: Shop) -> None:
    shop.receive("FAL-1")
    write(shop, PERU.format(user="peru@example.com"))
    refused = looked(shop)
    assert refused.code == 2
    assert "falabella has history and is no longer configured" in refused.err
    assert "[channels.falabella]" in refused.err
    status = shop.run("status", "--json")
    assert (status.code, status.json["attention"]) == (1, True)
    assert "[channels.falabella]" in status.json["next_step"]
    spanish = shop.run("channels", "list", APP_LANG="es")
    assert "tiene historia y ya no está configurado" in spanish.err
    doctor = shop.run("doctor", "--json").json["findings"]
    assert [f["facts"]["channel"] for f in doctor if f["code"] == "channel_gone"] == ["falabella"]
    # Without credentials it is there again, and sends nothing.
    write(shop, BOTH)
    assert ids(looked(shop)) == ["falabella", "falabella-pe"]


def test_a_channel_with_history_may_not_be_another_account(shop: Shop) -> None:
    assert ids(looked(shop, **CHILE)) == ["falabella"]
    shop.receive("FAL-1")
    refused = looked(shop, **CHILE, FALABELLA_BUSINESS_UNIT="FAPE")
    assert (refused.code, "business_unit" in refused.err) == (2, True)
    another = {**CHILE, "FALABELLA_USER_ID": "somebody@example.com"}
    refused = looked(shop, **another)
    assert (refused.code, "user_id" in refused.err) == (2, True)
    assert "channels accept falabella" in refused.err
    assert "somebody" not in refused.err + refused.out
    doctor = shop.run("doctor", "--json", **another).json["findings"]
    assert [f["facts"]["by"] for f in doctor if f["code"] == "channel_changed"] == ["user_id"]
    # A person who knows that it is the same says so, once.
    assert shop.run("channels", "accept", "other", **another).code == 2
    accepted = shop.run("channels", "accept", "falabella", **another)
    assert (accepted.code, "same account" in accepted.out) == (0, True)
    assert looked(shop, **another).code == 0
    assert looked(shop, **CHILE).code == 2


def test_the_seller_decides_where_both_sides_name_one(shop: Shop) -> None:
    seller = {**CHILE, "FALABELLA_SELLER_ID": "SC1"}
    assert looked(shop, **seller).code == 0
    shop.receive("FAL-1")
    assert looked(shop, **{**seller, "FALABELLA_USER_ID": "her-successor@example.com"}).code == 0
    refused = looked(shop, **{**seller, "FALABELLA_SELLER_ID": "SC2"})
    assert (refused.code, "seller_id" in refused.err) == (2, True)
    # Without credentials nobody can say whose it is; what was known stays known.
    assert looked(shop).code == 0
    assert looked(shop, **{**seller, "FALABELLA_SELLER_ID": "SC2"}).code == 2


def test_an_account_without_history_may_become_another(shop: Shop) -> None:
    assert looked(shop, **CHILE).code == 0
    assert looked(shop, **{**CHILE, "FALABELLA_USER_ID": "somebody@example.com"}).code == 0


def test_the_store_holds_no_word_of_whose_it_is(shop: Shop) -> None:
    assert looked(shop, **CHILE, FALABELLA_SELLER_ID="SC12345").code == 0
    stored = b"".join(file.read_bytes() for file in (shop.folder / "data").iterdir() if file.is_file())
    assert b"identity:falabella" in stored
    assert b"ops@example.com" not in stored
    assert b"SC12345" not in stored


def test_how_a_user_is_written_makes_no_difference() -> None:
    one = AccountIdentity.of("falabella", "FACL", None, " Ops@Example.com")
    assert one.differs_from(AccountIdentity.of("falabella", "FACL", "", "ops@example.com")) is None
