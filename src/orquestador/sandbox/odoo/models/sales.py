"""Sale orders: load, lines, amounts, confirm, lower, cancel (odoo.md 5.9; probed on 17, 18 and 19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from orquestador.sandbox.odoo.env import Env, as_ids, public
from orquestador.sandbox.odoo.errors import UserError
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import accounts, kits
from orquestador.sandbox.odoo.models.base import load
from orquestador.sandbox.odoo.models.pickings import StockPicking
from orquestador.sandbox.odoo.orm import Model, Values
from orquestador.sandbox.odoo.store import Row

TINY = 1e-6


class SaleOrderLine(Model):
    """What was sold, at which price."""

    name = "sale.order.line"
    fields: ClassVar[dict[str, Field]] = {
        "order_id": Field("many2one", "sale.order", required=True, index=True),
        "product_id": Field("many2one", "product.product", required=True),
        "product_uom_qty": Field("float", default=1.0),
        "price_unit": Field("float"),
        "discount": Field("float"),
        "name": Field("text"),
        "price_subtotal": Field("float", compute="_amounts"),
        "price_tax": Field("float", compute="_amounts"),
        "price_total": Field("float", compute="_amounts"),
        "write_uid": Field("many2one", "res.users"),
    }

    def new(self, vals: Values) -> int:
        """Without a price the product's own counts."""
        if "price_unit" not in vals and vals.get("product_id"):
            vals["price_unit"] = self.env.row("product.product", int(vals["product_id"]))["lst_price"]
        return super().new({**_rounded(self.env, vals), "write_uid": self.env.uid})

    def change(self, ids: list[int], vals: Values) -> None:
        """A `write_uid` that is given stands for another person.

        A written quantity brings back the list price unless a price is written too; on a confirmed order it
        changes the open deliveries."""
        for line in ids:
            row = self.env.row(self.name, line)
            new = dict(_rounded(self.env, vals))
            if "product_uom_qty" in new and "price_unit" not in new and self.env.version <= 17:
                new["price_unit"] = self.env.row("product.product", row["product_id"])["lst_price"]
            super().change([line], {"write_uid": self.env.uid, **new})
            order = self.env.row("sale.order", row["order_id"])
            if "product_uom_qty" in new and order["state"] == "sale":
                self.env.of(SaleOrder).follow(line)

    def remove(self, ids: list[int]) -> None:
        """A confirmed order keeps its lines (probed)."""
        for line in ids:
            order = self.env.row("sale.order", self.env.row(self.name, line)["order_id"])
            if order["state"] == "sale":
                raise UserError("Once a sales order is confirmed, you can't remove one of its lines.")
        super().remove(ids)

    def _amounts(self, ids: list[int], name: str) -> dict[int, Any]:
        place = {"price_subtotal": 0, "price_tax": 1, "price_total": 2}[name]
        return {line: float(amounts(self.env, self.env.row(self.name, line))[place]) for line in ids}


class SaleOrder(Model):
    """Orders whose confirmation makes a delivery and reserves."""

    name = "sale.order"
    order = "id desc"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", index=True),
        "state": Field("selection", default="draft", selection=("draft", "sent", "sale", "cancel")),
        "locked": Field("boolean"),
        "origin": Field("char", index=True),
        "partner_id": Field("many2one", "res.partner", required=True),
        "client_order_ref": Field("char", index=True),
        "company_id": Field("many2one", "res.company", default=1),
        "currency_id": Field("many2one", "res.currency", default=1),
        "warehouse_id": Field("many2one", "stock.warehouse", default=1),
        "order_line": Field("one2many", "sale.order.line", inverse="order_id"),
        "picking_ids": Field("one2many", "stock.picking", inverse="sale_id"),
        "amount_untaxed": Field("float", compute="_amounts"),
        "amount_tax": Field("float", compute="_amounts"),
        "amount_total": Field("float", compute="_amounts"),
        "write_uid": Field("many2one", "res.users"),
    }

    def new(self, vals: Values) -> int:
        """An order with a name of the sequence, unless it brings one."""
        if not vals.get("name"):
            number = self.env.tx.database.next_number("sale.order")
            vals = {**vals, "name": f"S{number:05d}"}
        company = self.env.row("res.company", int(vals.get("company_id") or 1))
        return super().new({"currency_id": company["currency_id"] or 1, **vals, "write_uid": self.env.uid})

    @public(writes=True)
    def load(self, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> Values:
        """Import by external id; repeating it updates the same order."""
        return load(self, fields, data)

    @public(writes=True)
    def action_confirm(self, ids: Any) -> bool:
        """Make the delivery and reserve; a second time is a UserError (recorded)."""
        for order_id in as_ids(ids):
            order = self.env.row(self.name, order_id)
            if order["state"] not in ("draft", "sent"):
                raise UserError("The following orders are not in a state requiring confirmation.")
            self.env.store(self.name, order_id, {"state": "sale"})
            self._procure(order, [(line, line["product_uom_qty"]) for line in self._lines(order_id)])
        return True

    @public(writes=True)
    def action_cancel(self, ids: Any) -> Any:
        """Cancel orders and their open deliveries; up to 18 a wizard asks first (odoo.md 5.1)."""
        listed = as_ids(ids)
        rows = [self.env.row(self.name, one) for one in listed]
        if any(row["locked"] for row in rows):
            raise UserError("You cannot cancel a locked order. Please unlock it first.")
        confirmed = [row["id"] for row in rows if row["state"] == "sale"]
        if confirmed and self.env.version <= 18 and not self.env.context.get("disable_cancel_warning"):
            return {
                "name": "Cancel Sales Order",
                "type": "ir.actions.act_window",
                "view_mode": "form",
                "res_model": "sale.order.cancel",
                "target": "new",
                "context": {"default_order_id": confirmed[0]},
            }
        pickings = self.env.of(StockPicking)
        for order_id in listed:
            open_pickings = pickings.select(
                [("sale_id", "=", order_id), ("state", "not in", ["done", "cancel"])]
            )
            pickings.action_cancel(sorted(open_pickings))
            self.env.store(self.name, order_id, {"state": "cancel"})
        return True

    def follow(self, line_id: int) -> None:
        """Bring the deliveries of a confirmed line to its quantity: more is procured, less lowers what is
        open, the newest first (probed: the reservation of what stays is kept)."""
        line = self.env.row("sale.order.line", line_id)
        moves = [m for m in self._moves(line["order_id"]) if m["product_id"] == line["product_id"]]
        twins = [one for one in self._lines(line["order_id"]) if one["product_id"] == line["product_id"]]
        wanted = sum(one["product_uom_qty"] for one in twins)
        excess = sum(m["product_uom_qty"] for m in moves if m["state"] != "cancel") - wanted
        if excess < -TINY and not kits.kit_of(self.env, line["product_id"]):
            self._procure(self.env.row(self.name, line["order_id"]), [(line, -excess)])
        for move in reversed([m for m in moves if m["state"] not in ("done", "cancel")]):
            part = min(excess, move["product_uom_qty"])
            if part > TINY:
                excess -= part
                left = move["product_uom_qty"] - part
                self.env["stock.move"].change([move["id"]], {"product_uom_qty": left})
                self.env.of(StockPicking).action_assign([move["picking_id"]])

    def _procure(self, order: Row, wanted: Sequence[tuple[Row, float]]) -> None:
        moves = [self._move(line, units) for line, units in wanted if units > TINY and self._is_goods(line)]
        if moves:
            kind = self.env.row("stock.warehouse", order["warehouse_id"])["out_type_id"]
            pickings = self.env.of(StockPicking)
            picking = {
                "picking_type_id": kind,
                "origin": self._origin(order),
                "sale_id": order["id"],
                "partner_id": order["partner_id"],
                "move_ids": moves,
            }
            pickings.action_confirm([pickings.new(picking)])

    def _is_goods(self, line: Row) -> bool:
        return bool(self.env.row("product.product", line["product_id"])["type"] != "service")

    def _lines(self, order_id: int) -> list[Row]:
        ids = self.env.tx.matching("sale.order.line", "order_id", [order_id])
        return [self.env.row("sale.order.line", line) for line in sorted(ids)]

    def _moves(self, order_id: int) -> list[Row]:
        pickings = self.env.tx.matching("stock.picking", "sale_id", [order_id])
        ids = sorted(self.env.tx.matching("stock.move", "picking_id", pickings))
        return [self.env.row("stock.move", move) for move in ids]

    def _move(self, line: Row, units: float) -> list[Any]:
        vals: Values = {"product_id": line["product_id"], "product_uom_qty": units}
        if self.env.version <= 18:
            vals["name"] = line["name"] or "sale"
        return [0, 0, vals]

    def _origin(self, order: Mapping[str, Any]) -> str:
        """The order's name; 18 added the customer's reference (odoo.md 5.9)."""
        if self.env.version == 18 and order["client_order_ref"]:
            return f"{order['name']} - {order['client_order_ref']}"
        return str(order["name"])

    def _amounts(self, ids: list[int], name: str) -> dict[int, Any]:
        place = {"amount_untaxed": 0, "amount_tax": 1, "amount_total": 2}[name]
        return {order_id: float(self._totals(order_id)[place]) for order_id in ids}

    def _totals(self, order_id: int) -> tuple[Decimal, Decimal, Decimal]:
        """(without tax, tax, total) of an order, by the company's way of rounding."""
        order, lines = self.env.row(self.name, order_id), self._lines(order_id)
        if _globally(self.env, order):
            step = _step(self.env, order)
            raw = [_exact(self.env, line) for line in lines]
            # 18 sums rounded lines before tax, 19 does not (measured).
            nets = [_to(net, step) if self.env.version <= 18 else net for net, _ in raw]
            untaxed = _to(sum(nets, Decimal(0)), step)
            tax = _to(sum((total - net for net, total in raw), Decimal(0)), step)
            return untaxed, tax, untaxed + tax
        each = [amounts(self.env, line) for line in lines]
        untaxed, tax, total = (sum((one[i] for one in each), Decimal(0)) for i in range(3))
        return untaxed, tax, total


def amounts(env: Env, line: Row) -> tuple[Decimal, Decimal, Decimal]:
    """(without tax, tax, total) of a line, each rounded to the currency, line by line."""
    order = env.row("sale.order", line["order_id"])
    step = _step(env, order)
    net, exact = _exact(env, line)
    rate, included = accounts.tax_of(env, line["product_id"])
    untaxed = _to(net, step)
    if included or _globally(env, order):
        total = _to(exact, step)
        return untaxed, total - untaxed, total
    tax = _to(untaxed * rate, step)
    return untaxed, tax, untaxed + tax


def _exact(env: Env, line: Row) -> tuple[Decimal, Decimal]:
    """(without tax, total) of a line, not rounded."""
    rate, included = accounts.tax_of(env, line["product_id"])
    price = Decimal(str(line["price_unit"])) * (1 - Decimal(str(line["discount"])) / 100)
    gross = price * Decimal(str(line["product_uom_qty"]))
    return (gross / (1 + rate), gross) if included else (gross, gross * (1 + rate))


def _step(env: Env, order: Mapping[str, Any]) -> Decimal:
    return Decimal(str(env.row("res.currency", order["currency_id"])["rounding"]))


def _globally(env: Env, order: Mapping[str, Any]) -> bool:
    """Taxes are computed from what is not rounded yet; up to 17 that setting changes no total of one line
    (measured), and here none."""
    company = env.row("res.company", order["company_id"] or 1)
    return bool(env.version >= 18 and company["tax_calculation_rounding_method"] == "round_globally")


def _rounded(env: Env, vals: Values) -> Values:
    """Prices are kept at the precision "Product Price"."""
    if "price_unit" not in vals:
        return vals
    digits = accounts.price_digits(env)
    return {**vals, "price_unit": float(_to(Decimal(str(vals["price_unit"])), Decimal(1).scaleb(-digits)))}


def _to(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step
