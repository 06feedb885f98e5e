"""Products and their computed quantities, in the scope that the context asks for (odoo.md 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import kits, quants, uoms
from orquestador.sandbox.odoo.models.locations import TRACKED_USAGES
from orquestador.sandbox.odoo.orm import Model, Values
from orquestador.sandbox.odoo.store import Row

QUANTITIES = ("qty_available", "free_qty", "virtual_available", "incoming_qty", "outgoing_qty")
OPEN_STATES = ("waiting", "confirmed", "partially_available", "assigned")
_SHARED = ("name", "default_code", "type", "is_storable", "tracking", "active", "uom_id")


def _goods() -> dict[str, Field]:
    """The fields that a template and its variant share; `product` is a type up to 17 only (odoo.md 4.4)."""
    return {
        "name": Field("char", required=True),
        "default_code": Field("char", index=True),
        "active": Field("boolean", default=True),
        "type": Field("selection", default="consu", selection=("consu", "service", "product", "combo")),
        "is_storable": Field("boolean", since=18),
        "tracking": Field("selection", default="none", selection=("none", "lot", "serial")),
        "sale_ok": Field("boolean", default=True),
        "list_price": Field("float", default=1.0),
        "company_id": Field("many2one", "res.company"),
        "uom_id": Field("many2one", "uom.uom", default=1),
        "taxes_id": Field("many2many", "account.tax", default=(1,)),
    }


class ProductTemplate(Model):
    """Templates: one variant each."""

    name = "product.template"
    fields: ClassVar[dict[str, Field]] = {
        **_goods(),
        "product_variant_ids": Field("one2many", "product.product", inverse="product_tmpl_id"),
    }

    def new(self, vals: Values) -> int:
        """A template made on its own gets its variant at once."""
        template = self.new_without_variant(vals)
        shared = {name: value for name, value in vals.items() if name in _SHARED}
        self.env.of(ProductProduct).new({**shared, "product_tmpl_id": template})
        return template

    def new_without_variant(self, vals: Values) -> int:
        """For a variant that brings its own template."""
        return super().new(vals)

    def display_names(self, ids: Iterable[int]) -> dict[int, str]:
        """`[code] name`, as recorded."""
        return _coded_names(self, ids)


class ProductProduct(Model):
    """Products as they are sold. `default_code` is not unique; a barcode is."""

    name = "product.product"
    order = "default_code, name, id"
    unique = (("barcode",),)
    fields: ClassVar[dict[str, Field]] = {
        **_goods(),
        "detailed_type": Field("char", compute="_types", until=17),
        "barcode": Field("char", index=True),
        "lst_price": Field("float", default=1.0),
        "standard_price": Field("float"),
        "product_tmpl_id": Field("many2one", "product.template"),
        "is_kits": Field("boolean", compute="_kits"),
        **{name: Field("float", compute="_quantities") for name in QUANTITIES},
    }

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._figures: tuple[int, dict[int, dict[str, float]]] = (-1, {})

    def new(self, vals: Values) -> int:
        """A product made on its own brings its template."""
        self.check_names(vals)
        self._check_type(vals)
        if not vals.get("product_tmpl_id"):
            shared = {name: value for name, value in vals.items() if name in _SHARED}
            vals = {**vals, "product_tmpl_id": self.env.of(ProductTemplate).new_without_variant(shared)}
        return super().new(vals)

    def change(self, ids: list[int], vals: Values) -> None:
        """What the template shares changes there too."""
        self._check_type(vals)
        super().change(ids, vals)
        shared = {name: value for name, value in vals.items() if name in _SHARED}
        if shared:
            templates = [self.env.row(self.name, row_id)["product_tmpl_id"] for row_id in ids]
            self.env["product.template"].change(templates, shared)

    def display_names(self, ids: Iterable[int]) -> dict[int, str]:
        """`[code] name`, as recorded."""
        return _coded_names(self, ids)

    def _check_type(self, vals: Values) -> None:
        if vals.get("type") == "product" and self.env.version >= 18:
            raise ValueError("Wrong value for product.template.type: 'product'")

    def _types(self, ids: list[int], name: str) -> Mapping[int, Any]:
        return {row_id: self.env.row(self.name, row_id)["type"] for row_id in ids}

    def _kits(self, ids: list[int], name: str) -> Mapping[int, Any]:
        return {row_id: kits.kit_of(self.env, row_id) is not None for row_id in ids}

    def _quantities(self, ids: list[int], name: str) -> Mapping[int, Any]:
        if "drop_free_qty" in self.env.quirks:
            return dict.fromkeys(ids, 0.0)
        revision, known = self._figures
        if revision != self.env.tx.revision:
            known = {}
            self._figures = (self.env.tx.revision, known)
        missing = [row_id for row_id in ids if row_id not in known]
        if missing:
            count = _Count(self.env)
            known.update({row_id: count.of(row_id) for row_id in missing})
        return {row_id: known[row_id][name] for row_id in ids}


class _Count:
    """The five quantities of products within one scope."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._places = scope(env)
        self._incoming: defaultdict[int, float] = defaultdict(float)
        self._outgoing: defaultdict[int, float] = defaultdict(float)
        for move_id in env.tx.matching("stock.move", "state", OPEN_STATES):
            move = env.row("stock.move", move_id)
            inside, to = move["location_id"] in self._places, move["location_dest_id"] in self._places
            if inside and not to:
                self._outgoing[move["product_id"]] += move["product_uom_qty"]
            elif to and not inside:
                self._incoming[move["product_id"]] += move["product_uom_qty"]

    def of(self, product_id: int) -> dict[str, float]:
        """The quantities of one product; a kit has as many as its scarcest component allows."""
        bom = kits.kit_of(self._env, product_id)
        if bom is not None:
            return self._of_kit(product_id, bom)
        if not quants.is_storable(self._env, product_id):
            return dict.fromkeys(QUANTITIES, 0.0)
        on_hand = reserved = 0.0
        for quant_id in self._env.tx.matching(quants.QUANT, "product_id", [product_id]):
            quant = self._env.row(quants.QUANT, quant_id)
            if quant["location_id"] in self._places:
                on_hand += quant["quantity"]
                reserved += quant["reserved_quantity"]
        incoming, outgoing = self._incoming[product_id], self._outgoing[product_id]
        unit = uoms.step(self._env, uoms.of_product(self._env, product_id))
        on_hand, reserved = uoms.rounded(on_hand, unit), uoms.rounded(reserved, unit)
        return {
            "qty_available": on_hand,
            "free_qty": uoms.rounded(on_hand - reserved, unit),
            "virtual_available": on_hand + incoming - outgoing,
            "incoming_qty": incoming,
            "outgoing_qty": outgoing,
        }

    def _of_kit(self, product_id: int, bom: Row) -> dict[str, float]:
        """What is there of each stocked component, divided by what one bill takes of it, times what a bill
        makes: in the bill's unit, which Odoo takes for the product's (probed on 17, 18 and 19)."""
        needs = kits.needs(self._env, product_id, bom)
        parts = [(self.of(component), each, component) for component, each in needs.items()]
        found = {}
        for name in QUANTITIES:
            ratios = []
            for part, each, component in parts:
                ratio = part[name] / each
                if self._env.version >= 18:
                    unit = uoms.step(self._env, uoms.of_product(self._env, component))
                    ratio = uoms.rounded(ratio, unit, "DOWN")
                ratios.append(ratio)
            made = min(ratios, default=0.0) * bom["product_qty"]
            found[name] = float((uoms.rounded(made, 0.01) if self._env.version >= 18 else made) // 1)
        return found


def scope(env: Env) -> set[int]:
    """The places whose stock counts: `location`, else the version's warehouse key, else every warehouse.

    The other version's key is ignored in silence, as on the real servers (odoo.md 4.2).
    """
    locations = env["stock.location"]
    named = env.context.get("location")
    warehouse = env.context.get("warehouse" if env.version <= 17 else "warehouse_id")
    if named:
        roots = _ids_or_names(locations, named)
    else:
        warehouses = env["stock.warehouse"]
        chosen = _ids_or_names(warehouses, warehouse) if warehouse else sorted(warehouses.select([]))
        roots = [env.row("stock.warehouse", row_id)["view_location_id"] for row_id in chosen]
    return {
        row_id
        for row_id in locations.tree(roots)
        if env.row("stock.location", row_id)["usage"] in TRACKED_USAGES
    }


def _ids_or_names(model: Model, value: Any) -> list[int]:
    found: list[int] = []
    for item in value if isinstance(value, list | tuple) else [value]:
        if isinstance(item, str):
            found += model.ids_named(item, "ilike")
        elif model.env.tx.get(model.name, item) is not None:
            found.append(item)
    return found


def _coded_names(model: Model, ids: Iterable[int]) -> dict[int, str]:
    shown = {}
    for row_id in ids:
        row = model.env.tx.get(model.name, row_id)
        if row is not None:
            shown[row_id] = (
                f"[{row['default_code']}] {row['name']}" if row["default_code"] else str(row["name"])
            )
    return shown
