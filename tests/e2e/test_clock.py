"""A service that follows the sandbox's clock: what takes half a minute there is waited for, not longer."""

from __future__ import annotations

from tests.e2e.stack import Stack


def test_a_feed_is_looked_at_after_thirty_seconds_of_the_followed_clock(world: Stack) -> None:
    del world.env["FEED_FIRST_POLL_S"]  # the default: 30 s
    world.up(CLOCK_URL=world.falabella.url)
    moved, sold = "SKU-00001", "SKU-00002"

    def asked() -> int:
        return int(world.falabella.state()["calls"].get("FeedStatus", 0))

    world.odoo.post("move", {"sku": moved, "delta": -10})
    world.settles({moved: 990})  # applied over there already
    world.falabella.post("clock", {"advance_s": 15})
    world.sell((sold, 1))
    world.settles({sold: 999})  # the service goes on
    assert asked() == 0
    assert world.listing(moved)["listing"]["confirmed"] is None
    world.falabella.post("clock", {"advance_s": 16})
    world.confirmed(moved, 990)
    assert asked() >= 1
