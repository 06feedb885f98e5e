"""The lines of a draft sale order, so that its total is what was paid, to the peso; else it stays a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.rounding import Rounding, parted
from orquestador.erp.odoo.rpc import Row, Transport, rows
from orquestador.erp.odoo.salerun import Line, SaleRun
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.prices import ONE, PricedLine, candidates, factor_of, price_for
from orquestador.model.sales import (
    BAD_SHIPPING_PRODUCT,
    CURRENCY_DIFFERS,
    EDITED,
    NO_SHIPPING_PRODUCT,
    TOTAL_DIFFERS,
    Sale,
    SaleProblem,
)
from orquestador.ports import Movement

TRIES = 8
"""How many prices are tried before an order is held."""
NEAR = Decimal(2)
"""Units of one sale may stand in lines whose prices differ by so much, so that their sum is right."""
PRICE_DIGITS = 2
"""Odoo's own price precision, where it does not say."""


@dataclass(slots=True)
class _Draft:
    """One order whose price is being found."""

    sale: Sale
    products: tuple[int, ...]
    lines: tuple[PricedLine, ...]
    prices: tuple[Decimal, ...] = ()
    tried: set[tuple[Decimal, ...]] = field(default_factory=set)
    last: Decimal | None = None
    """The total that was read back last."""
    parted: bool = False
    rounded: bool = False
    """What was done to it because no price of its lines gives the total."""


class SaleDrafts:
    """What a product's tax makes of a price is measured and remembered; every total is read back anyway."""

    def __init__(self, rpc: Transport, settings: OdooSettings) -> None:
        self._rpc, self._settings = rpc, settings
        self._shipping_ids: dict[str, int] = {}
        """Per SKU, as looked up last."""
        self._factors: dict[int, Decimal] = {}
        self._steps: dict[int, Decimal] = {}
        self._rounding = Rounding(rpc, settings.sale_rounding_sku)
        self._digits: int | None = None

    async def possible(self, run: SaleRun, movements: Sequence[Movement]) -> list[Movement]:
        """Those of which all is known; the others are held before anything is made."""
        problems: dict[str | None, SaleProblem] = {}
        for sku in dict.fromkeys(self._shipping_sku(m.sale) for m in movements if m.sale and m.sale.shipping):
            try:
                await self.shipping_product(run.setup, sku)
            except SaleProblem as error:
                problems[sku] = error
        ready = []
        for m in movements:
            if m.sale is None:
                run.doubts[m.key] = "its prices are not known"
            elif m.sale.shipping and (problem := problems.get(self._shipping_sku(m.sale))):
                run.held[m.key] = problem
            else:
                ready.append(m)
        return ready

    async def fill(self, run: SaleRun, movements: Sequence[Movement]) -> None:
        """Bring these drafts to the content of their sale; those that do not fit are held."""
        ready = [
            m
            for m in await self.possible(run, movements)
            if m.key not in run.doubts and m.key not in run.problems
        ]
        if not ready:
            return
        digits = await self.price_digits(run.setup)
        drafts: dict[str, _Draft] = {}
        there = await run.read_lines([m.key for m in ready])
        for m in ready:
            assert m.sale is not None
            if not await self._same_currency(run, m.key, m.sale):
                continue
            draft = await self._draft(run.setup, m.sale)
            # What a person wrote there is not ours to overwrite.
            if any(line.by != run.setup.uid for line in there[m.key]):
                self._judge_edited(run, m.key, draft, there[m.key])
                continue
            draft.prices = tuple(price_for(line, digits) for line in draft.lines)
            drafts[m.key] = draft
        for _ in range(TRIES):
            if not drafts:
                return
            for key, draft in drafts.items():
                draft.tried.add(draft.prices)
                await run.write_lines(key, _values(draft))
            drafts = {k: d for k, d in drafts.items() if k not in run.doubts and k not in run.problems}
            await run.read_orders()
            lines = await run.read_lines(drafts)
            drafts = {
                key: draft
                for key, draft in drafts.items()
                if not self._fits(run, key, draft)
                and await self._try_next(run, key, draft, lines[key], digits)
            }
        for key, draft in drafts.items():
            self._hold(run, key, draft)

    def lowered(self, lines: Sequence[Line], to: Mapping[int, float], sale: Sale | None) -> dict[int, Row]:
        """What to write on the lines of a confirmed order so that each product of `to` has so many units;
        with `sale` the units at the right price go, and the shipping that is no longer charged.

        The price is written too: a changed quantity alone would bring back the list price.
        """
        changes: dict[int, Row] = {}
        for product, units in to.items():
            mine = [line for line in lines if line.product_id == product]
            keep = _kept(mine, units, sale, product)
            for line in mine:
                if keep[line.id] < line.units - 1e-6:
                    changes[line.id] = {"product_uom_qty": keep[line.id], "price_unit": float(line.price)}
        if sale is not None:
            changes |= self._lower_shipping(lines, sale)
        return changes

    # --- details

    def _lower_shipping(self, lines: Sequence[Line], sale: Sale) -> dict[int, Row]:
        product = self._shipping_ids.get(self._shipping_sku(sale) or "")
        for line in lines:
            if line.product_id == product and line.total > sale.shipping and line.price > 0 and line.units:
                price = line.price * sale.shipping / line.total
                return {line.id: {"product_uom_qty": line.units, "price_unit": float(round(price, 6))}}
        return {}

    def _shipping_sku(self, sale: Sale) -> str | None:
        return self._settings.terms_of(sale).shipping_sku

    async def shipping_product(self, setup: SetUp, sku: str | None) -> int:
        """Raises SaleProblem when none is configured, or it is not exactly one that can be sold."""
        if sku is None:
            raise SaleProblem(NO_SHIPPING_PRODUCT)
        found = rows(
            await self._rpc.call(
                "product.product",
                "search_read",
                kwargs={
                    "domain": [["default_code", "=", sku]],
                    "fields": ["type", "sale_ok"],
                    "limit": 2,
                },
                context=setup.company,
            )
        )
        if len(found) != 1 or found[0].get("type") != "service" or not found[0].get("sale_ok"):
            raise SaleProblem(BAD_SHIPPING_PRODUCT, sku)
        self._shipping_ids[sku] = int(found[0]["id"])
        return self._shipping_ids[sku]

    async def _draft(self, setup: SetUp, sale: Sale) -> _Draft:
        products = [line.product_id for line in sale.lines]
        lines = [PricedLine(line.units, line.price, self._factor(line.product_id)) for line in sale.lines]
        if sale.shipping:
            sku = self._shipping_sku(sale)
            shipping = self._shipping_ids.get(sku or "") or await self.shipping_product(setup, sku)
            products.append(shipping)
            lines.append(PricedLine(1, sale.shipping, self._factor(shipping)))
        return _Draft(sale, tuple(products), tuple(lines))

    def _factor(self, product: int) -> Decimal:
        return self._factors.get(product, ONE)

    def _fits(self, run: SaleRun, key: str, draft: _Draft) -> bool:
        order = run.order(key)
        draft.last = order.total if order else None
        return draft.last == draft.sale.total

    async def _try_next(
        self, run: SaleRun, key: str, draft: _Draft, lines: Sequence[Line], digits: int
    ) -> bool:
        """Whether there is another price to try; the order is held when there is none."""
        order = run.order(key)
        step = self._steps.get(order.currency_id or 0, Decimal("0.01")) if order else Decimal("0.01")
        measured = []
        for known, product, line in zip(draft.lines, draft.products, lines, strict=True):
            factor = factor_of(line.total, Decimal(str(line.units)), line.price, step) or known.factor
            self._factors[product] = factor
            measured.append(PricedLine(known.units, known.gross, factor))
        better = tuple(price_for(line, digits) for line in measured)
        if tuple(measured) != draft.lines and better not in draft.tried:
            draft.lines, draft.prices = tuple(measured), better
            return True
        seen = draft.last or Decimal(0)
        for prices in candidates(draft.lines, draft.prices, seen, draft.sale.total, digits, step):
            if prices not in draft.tried:
                draft.prices = prices
                return True
        if await self._widen(run.setup, draft, step):
            draft.prices = tuple(price_for(line, digits) for line in draft.lines)
            return True
        self._hold(run, key, draft)
        return False

    async def _widen(self, setup: SetUp, draft: _Draft, step: Decimal) -> bool:
        """Whether there is one line more to try with: two lines give any amount (ADR 0018)."""
        if not draft.parted:
            draft.parted = True
            if wider := parted(draft.products, draft.lines):
                draft.products, draft.lines = wider
                return True
        if not draft.rounded:
            draft.rounded = True
            if (product := await self._rounding.product(setup)) is not None:
                draft.products += (product,)
                draft.lines += (PricedLine(1, step, self._factor(product)),)
                return True
        return False

    def _hold(self, run: SaleRun, key: str, draft: _Draft) -> None:
        run.held[key] = SaleProblem(TOTAL_DIFFERS, f"{draft.sale.total:f} / {draft.last or 0:f}")

    def _judge_edited(self, run: SaleRun, key: str, draft: _Draft, lines: Sequence[Line]) -> None:
        """A person's draft is confirmed when it holds the units that were sold and is worth what was paid."""
        order = run.order(key)
        wanted: dict[int, float] = {}
        for product, line in zip(draft.products, draft.lines, strict=True):
            wanted[product] = wanted.get(product, 0) + line.units
        found: dict[int, float] = {}
        for there in lines:
            found[there.product_id] = found.get(there.product_id, 0) + there.units
        if any(abs(found.get(p, 0.0) - wanted.get(p, 0.0)) > 1e-6 for p in found.keys() | wanted.keys()):
            run.held[key] = SaleProblem(EDITED)
        elif order is None or order.total != draft.sale.total:
            draft.last = order.total if order else None
            self._hold(run, key, draft)

    async def _same_currency(self, run: SaleRun, key: str, sale: Sale) -> bool:
        order = run.order(key)
        if order is None or order.currency.upper() != sale.currency.upper():
            run.held[key] = SaleProblem(
                CURRENCY_DIFFERS, f"{sale.currency} / {order.currency if order else '?'}"
            )
            return False
        if order.currency_id is not None and order.currency_id not in self._steps:
            found = rows(
                await self._rpc.call("res.currency", "read", [order.currency_id], {"fields": ["rounding"]})
            )
            if found:
                self._steps[order.currency_id] = Decimal(str(found[0]["rounding"]))
        return True

    async def price_digits(self, setup: SetUp) -> int:
        """Decimals of a price in Odoo."""
        if self._digits is None:
            found = rows(
                await self._rpc.call(
                    "decimal.precision",
                    "search_read",
                    kwargs={"domain": [["name", "=", "Product Price"]], "fields": ["digits"]},
                    context=setup.company,
                )
            )
            self._digits = int(found[0]["digits"]) if found else PRICE_DIGITS
        return self._digits


def _values(draft: _Draft) -> list[Row]:
    # No discount of a price list on top, no unit of measure: the product's own is meant.
    return [
        {"product_id": product, "product_uom_qty": line.units, "price_unit": float(price), "discount": 0.0}
        for product, line, price in zip(draft.products, draft.lines, draft.prices, strict=True)
    ]


def _kept(lines: Sequence[Line], units: float, sale: Sale | None, product: int) -> dict[int, float]:
    """Units per line id that add up to `units`: those at a price that is still sold first."""
    left, keep = units, {line.id: 0.0 for line in lines}
    if sale is not None:
        for sold in (one for one in sale.lines if one.product_id == product):
            off = {
                line.id: abs(line.total / Decimal(str(line.units)) - sold.price)
                for line in lines
                if line.units
            }
            still = float(sold.units)
            for line in sorted(
                (o for o in lines if off.get(o.id, NEAR + 1) <= NEAR), key=lambda o: off[o.id]
            ):
                part = min(left, still, line.units - keep[line.id])
                keep[line.id] += part
                still -= part
                left -= part
    for line in lines:
        part = min(left, line.units - keep[line.id])
        keep[line.id] += part
        left -= part
    return keep
