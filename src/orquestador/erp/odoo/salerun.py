"""One batch of sale orders on its way through Odoo: each step, and what it proved about each member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orquestador.erp.odoo.measures import weighed
from orquestador.erp.odoo.partners import external_id
from orquestador.erp.odoo.rpc import Row, ref, rows
from orquestador.erp.odoo.run import Context, Run
from orquestador.model.errors import Ambiguous, Rejected
from orquestador.model.sales import SaleProblem
from orquestador.ports import Movement

DRAFT = ("draft", "sent")
ORDER_FIELDS = ["name", "state", "amount_total", "currency_id"]
LINE_FIELDS = ["order_id", "product_id", "product_uom_qty", "price_unit", "price_total", "write_uid"]
NO_WIZARD = {"disable_cancel_warning": True}
"""Up to 18 cancelling a confirmed order asks first (odoo.md §5.1)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as Odoo has it; amounts as it shows them."""

    id: int
    product_id: int
    units: float
    price: Decimal
    total: Decimal
    by: int | None
    """Who wrote it last."""

    @classmethod
    def of(cls, row: Row) -> Line:
        return cls(
            id=int(row["id"]),
            product_id=ref(row.get("product_id")) or 0,
            units=float(row["product_uom_qty"]),
            price=Decimal(str(row["price_unit"])),
            total=Decimal(str(row["price_total"])),
            by=ref(row.get("write_uid")),
        )


@dataclass(frozen=True, slots=True)
class Order:
    """A sale order as Odoo has it."""

    id: int
    name: str
    state: str
    total: Decimal
    currency_id: int | None
    currency: str

    @classmethod
    def of(cls, row: Row) -> Order:
        currency = row.get("currency_id")
        return cls(
            id=int(row["id"]),
            name=str(row.get("name") or ""),
            state=str(row.get("state")),
            total=_amount(row.get("amount_total")),
            currency_id=ref(currency),
            currency=str(currency[1]) if isinstance(currency, list) and len(currency) > 1 else "",
        )


@dataclass(slots=True)
class SaleRun(Run):
    """`ids` are the sale orders by key; a family is every delivery of such an order."""

    orders: dict[int, Order] = field(default_factory=dict)
    """As last read, by id."""
    held: dict[str, SaleProblem] = field(default_factory=dict)
    """Orders that must not be confirmed, and why."""
    refused: set[str] = field(default_factory=set)
    """Keys whose order Odoo did not take over, because of itself or because somebody was faster."""

    def order(self, key: str) -> Order | None:
        return self.orders.get(self.ids.get(key, 0))

    def state(self, key: str) -> str:
        order = self.order(key)
        return order.state if order else ""

    # --- steps that read

    async def find_orders(self, movements: Sequence[Movement]) -> dict[int, Order]:
        """Every order that could be one of these, by id or name: one call."""
        keys = [m.key for m in movements]
        ids = [m.erp_id for m in movements if m.erp_id is not None]
        named: list[object] = [
            "&",
            ["company_id", "=", self.setup.warehouse.company_id],
            ["name", "in", keys],
        ]
        return await self._orders(["|", ["id", "in", ids], *named] if ids else named)

    async def read_orders(self) -> None:
        """The orders of this batch, as they are now."""
        if self.ids:
            found = await self._orders([["id", "in", sorted(set(self.ids.values()))]])
            self.orders = {**self.orders, **found}

    async def _orders(self, domain: list[object]) -> dict[int, Order]:
        found = rows(
            await self.rpc.call(
                "sale.order",
                "search_read",
                kwargs={"domain": domain, "fields": ORDER_FIELDS, "order": "id"},
                context=self.setup.company,
            )
        )
        return {o.id: o for o in map(Order.of, found)}

    async def read_lines(self, keys: Iterable[str]) -> dict[str, list[Line]]:
        """The lines of these orders, in their order."""
        by_id = {self.ids[key]: key for key in keys}
        if not by_id:
            return {}
        found = rows(
            await self.rpc.call(
                "sale.order.line",
                "search_read",
                kwargs={
                    "domain": [["order_id", "in", sorted(by_id)]],
                    "fields": LINE_FIELDS,
                    "order": "order_id, id",
                },
                context=self.setup.company,
            )
        )
        lines: dict[str, list[Line]] = {key: [] for key in by_id.values()}
        for row in found:
            lines[by_id[ref(row.get("order_id")) or 0]].append(Line.of(row))
        return lines

    async def read_families(self) -> None:
        """The moves of every delivery of the confirmed orders: what comes back by a person's return is not
        ours."""
        wanted = {i for i in self.ids.values() if i in self.orders and self.orders[i].state not in DRAFT}
        self.families = {i: [] for i in wanted}
        if not wanted:
            return
        pickings = rows(
            await self.rpc.call(
                "stock.picking",
                "search_read",
                kwargs={
                    "domain": [
                        ["sale_id", "in", sorted(wanted)],
                        ["picking_type_id.code", "=", "outgoing"],
                    ],
                    "fields": ["sale_id"],
                },
                context=self.setup.company,
            )
        )
        order_of = {int(p["id"]): ref(p.get("sale_id")) or 0 for p in pickings}
        if order_of:
            found = await self._moves([["picking_id", "in", sorted(order_of)]])
            for move in await weighed(self.rpc, self.setup, found):
                self.families[order_of[move.picking_id]].append(move)
        await self.read_recipes()

    # --- steps that write

    async def open_orders(self, movements: Sequence[Movement], partners: Mapping[str, int]) -> None:
        """A header for each, under an external id that the database keeps unique: repeating it, or six at
        once, gives one order (odoo.md §6). Lines are no part of it: they would be doubled."""
        if not movements:
            return
        names = ["id", "name", "client_order_ref", "partner_id/.id", "warehouse_id/.id"]
        data = [
            [
                external_id("sale", m.key),
                m.key,
                m.sale.reference if m.sale else "",
                str(partners[m.key]),
                str(self.setup.warehouse.id),
            ]
            for m in movements
        ]
        try:
            answer = await self._write(
                "sale.order", "load", None, {"fields": names, "data": data}, self.setup.company
            )
        except Ambiguous as error:
            self.doubts |= {m.key: error.detail for m in movements}
            return
        except Rejected as error:
            ids, said = None, error.detail
        else:
            ids, said = _loaded(answer)
        if ids is not None and len(ids) == len(movements):
            self.ids |= {m.key: i for m, i in zip(movements, ids, strict=True)}
        elif len(movements) > 1:
            middle = len(movements) // 2
            await self.open_orders(movements[:middle], partners)
            await self.open_orders(movements[middle:], partners)
        else:
            self.problems[movements[0].key] = said or "odoo: the order was not made"
            self.refused.add(movements[0].key)

    async def write_lines(self, key: str, lines: Sequence[Row]) -> None:
        """All lines of a draft at once, in absolute terms: repeating it changes nothing, and a confirmed
        order refuses it."""
        commands: list[object] = [[5, 0, 0], *([0, 0, line] for line in lines)]
        await self._one(key, "write", {"vals": {"order_line": commands}})

    async def change_lines(self, key: str, changes: Mapping[int, Row]) -> None:
        """Of a confirmed order: Odoo lowers the open deliveries to what the lines ask for."""
        commands = [[1, line, values] for line, values in changes.items()]
        if commands:
            await self._one(key, "write", {"vals": {"order_line": commands}})

    async def _one(self, key: str, method: str, kwargs: Row) -> None:
        try:
            await self._write("sale.order", method, [self.ids[key]], kwargs, self.setup.company)
        except Ambiguous as error:
            self.doubts[key] = error.detail
        except Rejected as error:
            self.problems[key] = error.detail

    async def assign(self, pickings: Sequence[int]) -> None:
        """Reserve what there is, where confirming does not."""
        await self._all_or_parts("stock.picking", "action_assign", list(pickings), self.setup.company)

    async def confirm(self, keys: Iterable[str]) -> None:
        """Deliveries come into being; a second time is refused, so it happens once."""
        ids = [self.ids[key] for key in keys if key not in self.doubts and key not in self.problems]
        if ids:
            await self._all_or_parts("sale.order", "action_confirm", ids, self.setup.company)

    async def cancel_orders(self, keys: Iterable[str]) -> None:
        """With everything that is open in their deliveries. A locked order refuses: then only the deliveries
        are cancelled."""
        chosen = list(keys)
        if not chosen:
            return
        context: Context = {**self.setup.company, **NO_WIZARD}
        before = set(self.problems)
        await self._all_or_parts("sale.order", "action_cancel", [self.ids[k] for k in chosen], context)
        locked = [k for k in chosen if k in self.problems and k not in before and self.moves(k)]
        for key in locked:
            del self.problems[key]
        await self.cancel(locked)

    def _keys(self, model: str, ids: Sequence[int]) -> list[str]:
        wanted = set(ids)
        if model == "sale.order":
            return [key for key, order in self.ids.items() if order in wanted]
        return [
            key
            for key in self.ids
            if any((m.id if model == "stock.move" else m.picking_id) in wanted for m in self.moves(key))
        ]


def _loaded(answer: object) -> tuple[list[int] | None, str]:
    """The ids of a `load`, or Odoo's reason; a failed load is no fault but an answer."""
    if not isinstance(answer, dict):
        return None, "odoo: an answer that is no import"
    ids = answer.get("ids")
    if isinstance(ids, list) and ids:
        return [int(i) for i in ids], ""
    said = [str(m.get("message")) for m in answer.get("messages") or [] if isinstance(m, dict)]
    return None, "; ".join(said)


def _amount(value: object) -> Decimal:
    """A total that came as a float, without its noise (odoo.md §5.6) and without empty decimals."""
    text = f"{value if isinstance(value, int | float) else 0:.4f}".rstrip("0").rstrip(".")
    return Decimal(text)
