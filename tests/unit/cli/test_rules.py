"""`orquestador rules ...`, `freeze`, `unfreeze`: over a store that nobody serves."""

from __future__ import annotations

from orquestador.flows.context import Context
from orquestador.model.logs import LogFilter
from orquestador.model.stock import Listing, RuleUse
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Save
from tests.unit.cli.support import Shop

COLUMNS = "channel,seller_sku,erp_sku,publish,buffer,cap,share,fixed,allow_oversell,freeze"


def list_offers(shop: Shop, *refs: str) -> None:
    async def change(x: Context) -> None:
        now = x.clock.now()
        for ref in refs:
            key = work_id(Kind.LISTING, "falabella", ref)
            listing = Listing("falabella", ref, ref, wanted=5, rule=RuleUse("cap", "sku", 5))
            row = Work(key, Kind.LISTING, "falabella", ref, State.SETTLED, 1, 1, 0, now, doc=listing)
            assert await x.journal.save([Save(row)]) == [True]

    shop.write(change)


def due(shop: Shop) -> set[str]:
    return {row["ref"] for row in shop.run("work", "list", "--kind", "listing", "--json").json["items"]}


def test_a_rule_is_set_listed_and_cleared_and_its_listing_is_due(shop: Shop) -> None:
    list_offers(shop, "A", "B")
    done = shop.run("rules", "set", "--sku", "A", "--cap", "5", "--share", "50%")
    assert (done.code, done.out.strip()) == (0, "falabella A: cap=5 share=0.5")
    assert due(shop) == {"A"}
    shop.run("rules", "set", "--sku", "*", "--buffer", "2", "--no-publish")
    items = shop.run("rules", "list", "--json").json["items"]
    assert [(i["sku"], i["cap"], i["buffer"], i["publish"]) for i in items] == [
        (None, None, 2, False),
        ("A", 5, None, None),
    ]
    assert due(shop) == {"A", "B"}
    assert items[1]["changed_by"] == "local"
    line = next(line for line in shop.run("rules", "list", "--sku", "A").out.splitlines() if "A" in line)
    assert "cap=5 share=0.5" in line
    done = shop.run("rules", "clear", "--channel", "falabella", "--sku", "A", "--field", "share", "--json")
    assert (done.json["cap"], done.json["share"]) == (5, None)
    assert shop.run("rules", "clear", "--channel", "falabella", "--sku", "A").code == 0
    assert [i["sku"] for i in shop.run("rules", "list", "--json").json["items"]] == [None]
    assert shop.run("rules", "clear", "--channel", "falabella", "--sku", "A").code == 1


def test_a_buffer_may_be_automatic(shop: Shop) -> None:
    list_offers(shop, "A")
    done = shop.run("rules", "set", "--sku", "A", "--buffer", "auto")
    assert (done.code, done.out.strip()) == (0, "falabella A: buffer=auto")
    exported = shop.run("rules", "export").out
    assert "falabella,A,,,auto," in exported
    assert shop.run("rules", "set", "--sku", "A", "--buffer", "none").code == 2


def test_who_changed_what_is_logged(shop: Shop) -> None:
    list_offers(shop, "A")
    shop.run("rules", "set", "--sku", "A", "--cap", "5")
    shop.run("rules", "set", "--sku", "A", "--cap", "none")
    found: list[object] = []

    async def look(x: Context) -> None:
        page = await x.logs.query(LogFilter(action="rule.set", sku="A"), 10, None)
        found.extend((e.request, e.response) for e in page)

    shop.write(look)
    change = {"channel": "falabella", "sku": "A"}
    assert found == [
        ({"by": "local"}, {"changed": [change | {"cap": [5, "none"]}]}),
        ({"by": "local"}, {"changed": [change | {"cap": [None, 5]}]}),
    ]


def test_what_cannot_be_meant_is_wrong_usage(shop: Shop) -> None:
    list_offers(shop, "A")
    assert shop.run("rules", "set", "--sku", "A").code == 2
    assert shop.run("rules", "set", "--sku", "A", "--cap", "many").code == 2
    assert shop.run("rules", "set", "--sku", "A", "--share", "2").code == 2
    twins = shop.run("rules", "set", "--sku", "A", "--fixed", "5", "--cap", "3")
    assert (twins.code, "fixed: cannot go with cap" in twins.err) == (2, True)
    unknown = shop.run("rules", "set", "--channel", "nope", "--cap", "3")
    assert (unknown.code, unknown.err.startswith("channel: there is no channel “nope”")) == (2, True)
    spanish = shop.run("rules", "set", "--channel", "nope", "--cap", "3", APP_LANG="es")
    assert spanish.err.startswith("channel: no hay un canal «nope»")
    assert shop.run("freeze").code == 2
    assert shop.run("rules", "list", "--json").json["items"] == []


def test_freeze_and_unfreeze_say_what_they_did(shop: Shop) -> None:
    list_offers(shop, "A", "B")
    done = shop.run("freeze", "--sku", "A", "--reason", "wrong price")
    assert (done.code, done.out.strip()) == (0, "falabella A: frozen")
    items = shop.run("rules", "list", "--frozen", "--json").json["items"]
    assert [(i["sku"], i["freeze"]["by"], i["freeze"]["reason"]) for i in items] == [
        ("A", "local", "wrong price")
    ]
    assert "wrong price" in shop.run("rules", "list").out
    shop.run("freeze", "--channel", "falabella")
    assert "descongelado" in shop.run("unfreeze", "--sku", "A", APP_LANG="es").out
    assert [i["sku"] for i in shop.run("rules", "list", "--frozen", "--json").json["items"]] == [None]
    assert shop.run("unfreeze", "--sku", "A").out.strip() == "Nothing was frozen there."


def test_a_table_is_all_or_nothing_unless_conflicts_are_skipped(shop: Shop) -> None:
    list_offers(shop, "A", "B", "C")
    file = shop.folder / "rules.csv"
    rows = ["falabella,A,,,,5,,,,", "falabella,NOPE,,,,5,,,,", "falabella,B,,,x,,,,,", "x,C,,,,1,,,,"]
    rows += ["falabella,C,,,1,,,7,,", "falabella,*,,yes,,,,,,"]
    file.write_text("\n".join([COLUMNS, *rows]))
    tried = shop.run("rules", "import", str(file), "--json")
    assert tried.code == 1
    assert [(c["row"], c["column"], c["code"]) for c in tried.json["conflicts"]] == [
        (3, "seller_sku", "unknown_listing"),
        (4, "buffer", "not_units"),
        (5, "channel", "unknown_channel"),
        (6, "fixed", "contradictory"),
    ]
    assert (tried.json["applied"], tried.json["changed"], tried.json["rows"]) == (0, 2, 6)
    assert shop.run("rules", "list", "--json").json["items"] == []
    said = shop.run("rules", "import", str(file), APP_LANG="es").out
    assert "el canal no publica «NOPE»" in said
    assert "No se aplicó ninguna" in said
    dry = shop.run("rules", "import", str(file), "--skip-conflicts", "--dry-run", "--json").json
    assert (dry["applied"], shop.run("rules", "list", "--json").json["items"]) == (0, [])
    assert dry["changes"][0]["fields"] == {"cap": {"before": "", "after": "5"}}
    taken = shop.run("rules", "import", str(file), "--skip-conflicts", "--json")
    assert (taken.code, taken.json["applied"]) == (1, 2)
    items = shop.run("rules", "list", "--json").json["items"]
    assert [(i["sku"], i["cap"], i["publish"]) for i in items] == [(None, None, True), ("A", 5, None)]


def test_what_is_exported_changes_nothing_when_it_comes_back(shop: Shop) -> None:
    list_offers(shop, "A", "B")
    shop.run("rules", "set", "--sku", "A", "--cap", "5", "--share", "0.29")
    shop.run("freeze", "--sku", "B", "--reason", "precio; malo")
    file = shop.folder / "out.csv"
    assert shop.run("rules", "export", str(file)).code == 0
    assert shop.run("rules", "export", str(file)).code == 2
    assert shop.run("rules", "export").out.splitlines() == file.read_text("utf-8-sig").splitlines()
    back = shop.run("rules", "import", str(file), "--json")
    assert (back.code, back.json["changed"], back.json["unchanged"]) == (0, 0, 2)


def test_a_mapping_needs_an_erp_that_knows_the_product(shop: Shop) -> None:
    list_offers(shop, "A")
    refused = shop.run("rules", "set", "--sku", "A", "--erp-sku", "ODOO-1")
    assert (refused.code, "no ERP is configured" in refused.err) == (1, True)
    assert shop.run("rules", "list", "--json").json["items"] == []


def test_a_row_of_work_says_which_rule_gave_its_number(shop: Shop) -> None:
    list_offers(shop, "A")
    assert "cap=5 (of the SKU)" in shop.run("work", "show", "listing:falabella:A").out
    row = shop.run("listings", "--json").json["items"][0]
    assert row["listing"]["rule"] == {"field": "cap", "level": "sku", "value": 5}
