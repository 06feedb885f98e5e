"""`orquestador listings`: what would change."""

from __future__ import annotations

from dataclasses import replace

from orquestador.flows.context import Context
from orquestador.model.stock import Listing, Shown
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Save
from tests.unit.cli.support import Shop


def fill(shop: Shop, *, right: int = 0) -> None:
    """LOW shows too much, NEW shows nothing known, OUT is not managed, UNREAD has no number yet; others are
    right."""

    async def change(x: Context) -> None:
        now = x.clock.now()
        shown = Shown(10, now - 300.0, 0)
        base = Listing("falabella", "", "", live=shown, why="observing")
        listings = [
            replace(base, ref="LOW", sku="LOW", wanted=7),
            replace(base, ref="NEW", sku="NEW", wanted=3, live=None),
            replace(base, ref="OUT", sku="OUT", wanted=0, managed=False, why="unmanaged"),
            replace(base, ref="UNREAD", sku="UNREAD", why=None),
            *(replace(base, ref=f"RIGHT-{n}", sku=f"RIGHT-{n}", wanted=10) for n in range(right)),
        ]
        rows = [
            Work(
                work_id(Kind.LISTING, "falabella", listing.ref),
                Kind.LISTING,
                "falabella",
                listing.ref,
                State.SETTLED,
                1,
                1,
                0,
                now,
                created_at=now,
                doc=listing,
            )
            for listing in listings
        ]
        assert all(await x.journal.save([Save(row) for row in rows]))

    shop.write(change)


def test_the_listings_that_would_change_with_why_and_age(shop: Shop) -> None:
    fill(shop)
    page = shop.run("listings", "--differs", "--json").json
    assert {row["ref"] for row in page["items"]} == {"LOW", "NEW"}
    low = next(row["listing"] for row in page["items"] if row["ref"] == "LOW")
    assert (low["shows"]["quantity"], low["wanted"], low["differs"]) == (10, 7, True)
    shown = shop.run("listings", "--differs")
    line = next(line for line in shown.out.splitlines() if line.startswith("LOW"))
    assert line.split()[:4] == ["LOW", "falabella", "10", "7"]
    assert "observe mode" in line
    assert "5 min" in line
    assert "modo observe" in shop.run("listings", "--differs", APP_LANG="es").out


def test_all_of_them_or_one(shop: Shop) -> None:
    fill(shop)
    assert len(shop.run("listings", "--json").json["items"]) == 4
    assert [row["ref"] for row in shop.run("listings", "--sku", "OUT", "--json").json["items"]] == ["OUT"]
    assert "No listing" in shop.run("listings", "--sku", "OUT", "--differs").out


def test_what_differs_is_found_behind_many_that_do_not(shop: Shop) -> None:
    """Rows of one write have one age, so the order among them is the store's; the limit makes pages small."""
    fill(shop, right=60)
    page = shop.run("listings", "--differs", "--limit", "2", "--json").json
    assert {row["ref"] for row in page["items"]} == {"LOW", "NEW"}
