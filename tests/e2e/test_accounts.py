"""Two accounts of one shop, Chile and Peru, each with its own Seller Center; one stock behind both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import PATIENCE_S, SECRET, Sandbox, Shape, Stack, wait_for

PERU_SECRET = "another-webhook-secret-for-tests"
PERU_KEY = "peru-api-key-0000"
PERU = """
[channels.falabella-pe]
business_unit = "FAPE"
api_url = "{url}"
user_id = "peru@example.com"
api_key_env = "PERU_API_KEY"
webhook_secret_file = "peru-secret"
buffer = 10
"""


class Shop(Stack):
    """A stack with a second account."""

    peru: Sandbox

    def open_peru(self) -> None:
        door = f"{self.url}/webhooks/falabella-pe/{PERU_SECRET}"
        more = ("--business-unit", "FAPE", "--user", "peru@example.com", "--key", PERU_KEY)
        folder, self.folder = self.folder, self.folder / "peru"
        self.folder.mkdir()
        self.peru = self._sandbox("falabella", door, *more)
        self.folder = folder
        self.peru.post("faults", {"feed_delay_s": 0.1, "e012_s": 0.05})
        (folder / "peru-secret").write_text(f"{PERU_SECRET}\n")
        self.env["PERU_API_KEY"] = PERU_KEY
        self.table(PERU.format(url=self.peru.url))

    def table(self, text: str) -> None:
        (self.folder / "orquestador.toml").write_text(text)

    def sell_in_peru(self, sku: str, units: int, *, notify: bool = True) -> str:
        items = [{"sku": sku, "quantity": units}]
        return str(self.peru.post("orders", {"items": items, "notify": notify})["orderId"])

    def both_show(self, sku: str, on_hand: int) -> None:
        """Wait until the ERP has this, Chile shows it, and Peru what is left above its buffer."""

        def numbers() -> tuple[int, int, int]:
            return self.on_hand(sku), self.shown(sku), int(self.peru.state()["stock"][sku])

        wanted = (on_hand, on_hand, max(0, on_hand - 10))
        try:
            wait_for("both show it", lambda: numbers() == wanted, 2 * PATIENCE_S)
        except AssertionError as e:
            raise AssertionError(f"wanted {wanted}, it is {numbers()}") from e


@pytest.fixture
def shop(tmp_path: Path, runs_on: Shape) -> Iterator[Shop]:
    world = Shop(tmp_path, runs_on)
    try:
        world.open_peru()
        yield world
    finally:
        if hasattr(world, "peru"):
            world.peru.client.close()
        world.close()


def test_a_sale_on_one_lowers_the_other(shop: Shop) -> None:
    shop.up()
    sku = shop.sku()
    shop.both_show(sku, 1000)
    # The catalogues agree from the start, but for Peru's buffer.
    in_chile = shop.sell((sku, 3))
    shop.order_is(in_chile, "settled")
    shop.both_show(sku, 997)
    in_peru = shop.sell_in_peru(sku, 4)
    shop.both_show(sku, 993)
    # The two sandboxes number their orders alike: each is its own row, with its own key in the ERP.
    assert in_chile == in_peru
    names = [p["name"] for p in shop.odoo.state()["pickings"] if f"/{in_peru}/" in p["name"]]
    assert sorted(names) == [f"falabella-pe/{in_peru}/1", f"falabella/{in_chile}/1"]
    # Each order was announced at its own door, and read under its own country's clock.
    row = shop.get(f"/work/order:falabella-pe:{in_peru}")
    assert row["state"] == "settled"
    # Without any notice Peru is polled as well.
    shop.sell_in_peru(sku, 5, notify=False)
    shop.both_show(sku, 988)
    # Each has its own budget, and neither was ever refused.
    chile, peru = shop.get("/channels")["items"]
    assert (chile["id"], peru["id"]) == ("falabella", "falabella-pe")
    for channel, sandbox in ((chile, shop.falabella), (peru, shop.peru)):
        feeds = [f for f in sandbox.state()["feeds"] if f["action"] == "UpdateStock"]
        assert channel["usedToday"] == len(feeds) > 0
        assert sandbox.state()["refused_429"] == 0
    # A secret opens its own door alone.
    body = {"event": "onOrderCreated", "payload": {"OrderId": 1}}
    for path, status in (
        (f"/webhooks/falabella-pe/{SECRET}", 401),
        (f"/falabella/webhook/order/{PERU_SECRET}", 401),
        (f"/webhooks/falabella-pe/{PERU_SECRET}", 200),
    ):
        assert shop.client.post(path, json=body).status_code == status, path
    # Nothing that was written down holds a secret of either.
    for place, text in {**shop.printed(), **shop.stored_logs()}.items():
        for secret in (PERU_SECRET, PERU_KEY, SECRET):
            assert secret.encode() not in text, (place, secret)


def test_a_channel_with_history_keeps_its_id_and_its_account(shop: Shop) -> None:
    shop.up()
    sku = shop.sku()
    order_id = shop.sell_in_peru(sku, 1)
    shop.both_show(sku, 999)
    shop.kill()
    # Gone: nothing starts, and the remedy is said.
    shop.table("")
    refused = shop.cli("up")
    assert refused.returncode == 2
    assert "falabella-pe has history and is no longer configured" in refused.stderr
    assert "[channels.falabella-pe]" in refused.stderr
    found = json.loads(shop.cli("doctor", "--json").stdout)["findings"]
    assert [f["facts"]["channel"] for f in found if f["code"] == "channel_gone"] == ["falabella-pe"]
    # Another account under its id: the same.
    shop.table(PERU.format(url=shop.peru.url).replace("peru@", "somebody@"))
    refused = shop.cli("up")
    assert (refused.returncode, "channels accept falabella-pe" in refused.stderr) == (2, True)
    assert "somebody" not in refused.stderr + refused.stdout
    # Put back, it goes on where it was.
    shop.table(PERU.format(url=shop.peru.url))
    shop.up()
    shop.peru.post(f"orders/{order_id}/status", {"status": "canceled", "notify": True})
    shop.both_show(sku, 1000)


def test_webhooks_of_each_account(shop: Shop) -> None:
    shop.env["PUBLIC_URL"] = shop.url
    doors = {"falabella": "/falabella/webhook/order/***", "falabella-pe": "/webhooks/falabella-pe/***"}
    said = shop.cli("webhooks", "register", "--json")
    assert said.returncode == 0, said.stderr
    assert {i["channel"]: i["url"] for i in json.loads(said.stdout)["items"]} == {
        channel: f"{shop.url}{path}" for channel, path in doors.items()
    }
    shop.peru.post("reset", {})
    shop.cli("webhooks", "register", "--channel", "falabella-pe")
    said = shop.cli("webhooks", "list", "--channel", "falabella-pe", "--json")
    (listed,) = json.loads(said.stdout)["items"]
    assert (listed["url"], listed["ours"]) == (f"{shop.url}{doors['falabella-pe']}", True)
    # What was registered there is what calls us.
    shop.up()
    sku = shop.sku()
    shop.sell_in_peru(sku, 2)
    shop.both_show(sku, 998)
    assert shop.peru.state()["webhooks"]["pending"] == 0
    assert shop.cli("webhooks", "delete", "--yes").returncode == 0
    left = json.loads(shop.cli("webhooks", "list", "--json").stdout)["items"]
    assert not [item for item in left if item["ours"]]
