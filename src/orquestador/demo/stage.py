"""What the demo does to the three systems, and what it sees in them, over HTTP like everybody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx2

from orquestador.demo.arithmetic import Line
from orquestador.demo.processes import House
from orquestador.demo.scenario import Body

FBF, OWN = "Own Warehouse", "Dropshipping"
FEED_DELAY_S, E012_S = 0.3, 0.1
SHUFFLE_S = 0.3
RUNNING, FINISHED = ("Queued", "Processing"), "Finished"


class Unexpected(Exception):
    """A system refused what the scenario asked for; the text says which and how."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The three systems at one moment."""

    erp: Mapping[str, float]
    listings: Mapping[str, int]
    taken: frozenset[str]
    """Orders with a finished delivery in the ERP."""
    acknowledged: int
    """Notices and bodies that were answered 200."""
    notices_pending: int
    feeds_confirmed: int
    dead: int
    """Work that waits for a person."""
    open_work: int
    """What the service itself still has to do."""

    @property
    def quiet(self) -> bool:
        return self.notices_pending == 0 and self.open_work == 0


class Stage:
    """Both sandboxes and the service, for as long as the block runs."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._http = httpx2.Client(timeout=30.0, trust_env=False)
        self._prefix = f"{house.name}falabella/"
        self._began = datetime.now(UTC)
        self._bodies = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    # --- what happens ---

    def switch(self, **switches: object) -> None:
        """Faults of the marketplace's sandbox."""
        self._post(f"{self._house.falabella}/_sandbox/faults", switches)

    def move(self, sku: str, delta: int) -> None:
        """A person receives or sells units in the ERP."""
        if delta:
            self._post(f"{self._house.odoo}/_sandbox/move", {"sku": sku, "delta": delta})

    def place(self, lines: tuple[Line, ...], *, from_marketplace_stock: bool) -> str:
        """A customer orders on the marketplace; the order's id."""
        kind = FBF if from_marketplace_stock else OWN
        items = [{"sku": line.sku, "quantity": line.quantity, "shippingType": kind} for line in lines]
        answer = self._post(f"{self._house.falabella}/_sandbox/orders", {"items": items})
        return str(answer["orderId"])

    def set_status(self, order_id: str, status: str) -> None:
        """The order moves on in the marketplace."""
        self._post(f"{self._house.falabella}/_sandbox/orders/{order_id}/status", {"status": status})

    def tell(self, order_id: str, body: Body) -> None:
        """Post a simple body, proven by its signature as the README shows."""
        at = self._began + timedelta(minutes=body.minute)
        content = json.dumps(
            {
                "orderId": order_id,
                "products": [
                    {"sku": line.sku, "quantity": line.quantity, "price": 9990} for line in body.lines
                ],
                "status": body.status,
                "timestamp": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            }
        ).encode()
        proof = hmac.new(self._house.secret.encode(), content, hashlib.sha256).hexdigest()
        headers = {"x-falabella-signature": f"sha256={proof}", "content-type": "application/json"}
        url = f"{self._house.service}/falabella/webhook/order"
        self._call("POST", url, content=content, headers=headers)
        self._bodies += 1

    # --- what is seen ---

    def see(self) -> Seen:
        """All of it now. Raises ProcessEnded when one of the three is gone, as every call here does."""
        self._house.check()
        erp = self._get(f"{self._house.odoo}/_sandbox/state")
        market = self._get(f"{self._house.falabella}/_sandbox/state")
        service = self._get(f"{self._house.service}/status")
        feeds = [feed["status"] for feed in market["feeds"]]
        names = [p["name"] for p in erp["pickings"] if p["state"] == "done" and p["type"] == "outgoing"]
        return Seen(
            erp={sku: stock["on_hand"] for sku, stock in erp["stock"].items()},
            listings=market["stock"],
            taken=frozenset(
                name.removeprefix(self._prefix).rpartition("/")[0]
                for name in names
                if name.startswith(self._prefix)
            ),
            acknowledged=market["webhooks"]["delivered"] + self._bodies,
            notices_pending=market["webhooks"]["pending"],
            feeds_confirmed=feeds.count(FINISHED),
            dead=service["dead"],
            open_work=service["due"]
            + service["waiting"]
            + service["openEffects"]
            + service["openJobs"]
            + sum(feeds.count(status) for status in RUNNING),
        )

    def knows_shipped(self, order_id: str) -> bool:
        """Whether the service has seen that the whole order was dispatched."""
        rows = self._get(f"{self._house.service}/orders?text={order_id}")["items"]
        lines = [line for row in rows for line in row.get("order", {}).get("lines", [])]
        return bool(lines) and all(line["furthest"] == "shipped" for line in lines)

    def why(self, sku: str) -> str | None:
        """What the service says about a listing that is not as it should be."""
        rows = self._get(f"{self._house.service}/listings?sku={sku}")["items"]
        return next((r["listing"].get("why") or r.get("reason") for r in rows if r.get("listing")), None)

    # --- details ---

    def _post(self, url: str, body: Mapping[str, object]) -> Any:
        return self._call("POST", url, json=body)

    def _get(self, url: str) -> Any:
        return self._call("GET", url)

    def _call(self, method: str, url: str, **rest: Any) -> Any:
        try:
            response = self._http.request(method, url, **rest)
        except httpx2.HTTPError:
            self._house.blame()
            raise
        if response.status_code != 200:
            raise Unexpected(f"{response.request.url.path}: {response.status_code} {response.text[:200]}")
        return response.json()
