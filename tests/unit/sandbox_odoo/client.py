"""A plain JSON-RPC client for the tests of the Odoo sandbox: it hides nothing and interprets nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx2

VALIDATE = {"skip_backorder": True, "skip_sms": True}
DEADLINE_S = 10.0


class Fault(Exception):
    """The server answered an error object."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['data']['name']}: {error['data']['message']}")
        self.code: int = error["code"]
        self.name: str = error["data"]["name"]


@dataclass(frozen=True)
class Odoo:
    """One sandbox, seen from outside."""

    url: str
    version: int
    http: httpx2.Client

    def rpc(self, service: str, method: str, args: list[Any]) -> dict[str, Any]:
        """The whole answer of one JSON-RPC call."""
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        response = self.http.post("/jsonrpc", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """The result of a method of a model; Fault when it is an error; None when there is no `result`."""
        answer = self.rpc("object", "execute_kw", ["sandbox", 2, "admin", model, method, list(args), kwargs])
        if "error" in answer:
            raise Fault(answer["error"])
        return answer.get("result")

    # -- short words for what most tests need ----------------------------------------------------------------

    def product(self, sku: str) -> int:
        """The id of a SKU."""
        found: list[int] = self.call("product.product", "search", [["default_code", "=", sku]])
        assert len(found) == 1
        return found[0]

    def warehouse(self) -> dict[str, Any]:
        """The main warehouse, plain ids."""
        fields = ["lot_stock_id", "out_type_id", "in_type_id"]
        rows = self.call("stock.warehouse", "read", [1], fields=fields, load="_classic_write")
        found: dict[str, Any] = rows[0]
        return found

    def line(self, sku: str, quantity: float, /, **more: Any) -> list[Any]:
        """A command that adds a move."""
        vals = {"product_id": self.product(sku), "product_uom_qty": quantity, **more}
        return [0, 0, vals | ({"name": "x"} if self.version <= 18 else {})]

    def delivery(self, name: str, lines: Iterable[list[Any]]) -> dict[str, Any]:
        """The values of an outgoing picking."""
        place = self.warehouse()
        customers = self.call("stock.location", "search", [["usage", "=", "customer"]], limit=1)[0]
        return {
            "name": name,
            "origin": name,
            "picking_type_id": place["out_type_id"],
            "location_id": place["lot_stock_id"],
            "location_dest_id": customers,
            "move_ids": list(lines),
        }

    def create(self, name: str, *lines: list[Any]) -> int:
        """A draft delivery."""
        picking: int = self.call("stock.picking", "create", self.delivery(name, lines))
        return picking

    def validate(self, *ids: int, **context: Any) -> Any:
        """`button_validate`, by default with `skip_backorder`."""
        return self.call("stock.picking", "button_validate", list(ids), context=context or VALIDATE)

    def picking(self, picking_id: int) -> dict[str, Any]:
        """Name, state and family of a picking."""
        fields = ["name", "origin", "state", "backorder_id", "backorder_ids"]
        rows: list[dict[str, Any]] = self.call("stock.picking", "read", [picking_id], fields=fields)
        return rows[0]

    def moves(self, *picking_ids: int) -> list[dict[str, Any]]:
        """The moves of pickings."""
        fields = ["product_id", "product_uom_qty", "quantity", "picked", "state"]
        domain = [["picking_id", "in", list(picking_ids)]]
        rows: list[dict[str, Any]] = self.call("stock.move", "search_read", domain, fields=fields)
        return rows

    def stock(self, sku: str, **context: Any) -> tuple[float, float]:
        """(on hand, free) of a SKU, by default in the main warehouse."""
        scope = context or {"location": self.warehouse()["lot_stock_id"]}
        fields = ["qty_available", "free_qty"]
        row = self.call("product.product", "read", [self.product(sku)], fields=fields, context=scope)[0]
        return row["qty_available"], row["free_qty"]

    def set_stock(self, sku: str, quantity: float) -> None:
        """Count a SKU to `quantity`."""
        vals = {
            "product_id": self.product(sku),
            "location_id": self.warehouse()["lot_stock_id"],
            "inventory_quantity": quantity,
        }
        quant = self.call("stock.quant", "create", vals, context={"inventory_mode": True})
        self.call("stock.quant", "action_apply_inventory", [quant])

    def faults(self, **wanted: Any) -> None:
        """Switch faults."""
        response = self.http.post("/_sandbox/faults", json=wanted)
        assert response.status_code == 200, response.text

    def control(self, action: str, /, **body: Any) -> dict[str, Any]:
        """A POST of the control API."""
        response = self.http.post(f"/_sandbox/{action}", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def state(self) -> dict[str, Any]:
        """`GET /_sandbox/state`."""
        answer: dict[str, Any] = self.http.get("/_sandbox/state").json()
        return answer


def eventually(condition: Callable[[], bool]) -> None:
    """Poll until it holds; fails after ten seconds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the expected state did not come"
        time.sleep(0.01)
