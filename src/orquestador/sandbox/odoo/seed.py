"""The database at the start: one company, one warehouse, a catalogue with 1,000 units each (design.md 9b)."""

from __future__ import annotations

from typing import Any

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.models.products import ProductProduct

UNITS = 1000.0
SECOND_WAREHOUSE_UNITS = 250.0
_MODULES = ("base", "stock", "sale_management", "sale_stock", "stock_account", "mrp", "base_automation")
_GROUPS = {
    "Internal User": "base.group_user",
    "Settings": "base.group_system",
    "Inventory / User": "stock.group_stock_user",
    "Inventory / Administrator": "stock.group_stock_manager",
    "Sales / User: All Documents": "sales_team.group_sale_salesman_all_leads",
    "Sales / Administrator": "sales_team.group_sale_manager",
    "Contact Creation": "base.group_partner_manager",
}


def _location_ids(version: int) -> dict[str, int]:
    """The ids of the recorded servers: 19 has no parents above suppliers and customers and counts anew."""
    if version >= 19:
        return {"suppliers": 1, "customers": 2, "view": 4, "stock": 5, "loss": 10, "view2": 15, "stock2": 16}
    return {
        "partners": 2,
        "virtual": 3,
        "suppliers": 4,
        "customers": 5,
        "view": 7,
        "stock": 8,
        "loss": 14,
        "view2": 19,
        "stock2": 20,
    }


def _type_ids(version: int) -> tuple[int, int]:
    """(receipts, deliveries) of the second warehouse, as recorded."""
    return (9, 10) if version <= 17 else (12, 13)


def seed(env: Env, catalogue: int) -> None:
    """Fill an empty database."""
    _put(env, "res.currency", 1, name="CLP", rounding=1.0)
    _put(env, "account.tax", 1, name="15%", amount=15.0)
    _put(env, "decimal.precision", 1, name="Product Price", digits=2)
    _put(env, "res.company", 1, name="My Company")
    _units(env)
    _system(env)
    places = _location_ids(env.version)
    partners: int = 0
    virtual: int = 0
    if "partners" in places:
        partners = _put(env, "stock.location", places["partners"], name="Partners", usage="view")
        virtual = _put(env, "stock.location", places["virtual"], name="Virtual Locations", usage="view")
    _put(
        env,
        "stock.location",
        places["suppliers"],
        name="Vendors",
        usage="supplier",
        location_id=partners or False,
    )
    _put(
        env,
        "stock.location",
        places["customers"],
        name="Customers",
        usage="customer",
        location_id=partners or False,
    )
    _put(
        env,
        "stock.location",
        places["loss"],
        name="Inventory adjustment",
        usage="inventory",
        location_id=virtual or False,
    )
    _warehouse(env, 1, "My Company", "WH", (places["view"], places["stock"]), (1, 2, 5))
    products = env.of(ProductProduct)
    codes = ["PROD-001", *(f"SKU-{number:05d}" for number in range(1, catalogue + 1))]
    kind = {"type": "product"} if env.version <= 17 else {"type": "consu", "is_storable": True}
    for code in codes:
        product = products.new({"name": f"Product {code}", "default_code": code, **kind})
        env["stock.quant"].new({"product_id": product, "location_id": places["stock"], "quantity": UNITS})


def add_second_warehouse(env: Env) -> None:
    """Warehouse W2 with 250 units of everything, so that a scope that is ignored shows (odoo.md 4.2)."""
    if env.tx.get("stock.warehouse", 2) is not None:
        return
    places = _location_ids(env.version)
    incoming, outgoing = _type_ids(env.version)
    _warehouse(
        env, 2, "Bodega 2", "W2", (places["view2"], places["stock2"]), (incoming, outgoing, outgoing + 3)
    )
    for product in sorted(env["product.product"].select([])):
        env["stock.quant"].new(
            {"product_id": product, "location_id": places["stock2"], "quantity": SECOND_WAREHOUSE_UNITS}
        )


def remove_second_warehouse(env: Env) -> None:
    """Take W2 and everything in it away again."""
    if env.tx.get("stock.warehouse", 2) is None:
        return
    places = _location_ids(env.version)
    for model, domain in (
        ("stock.quant", [("location_id", "=", places["stock2"])]),
        ("stock.picking.type", [("warehouse_id", "=", 2)]),
        ("stock.location", [("id", "in", [places["view2"], places["stock2"]])]),
    ):
        for row_id in env[model].select(domain):
            env.delete(model, row_id)
    env.delete("stock.warehouse", 2)


def _units(env: Env) -> None:
    """Units, dozens, kilograms and grams under the ids of the real servers; 19 has no dozen (odoo.md 5.6)."""
    _put(env, "uom.uom", 1, name="Units")
    if env.version <= 18:
        _put(env, "uom.uom", 2, name="Dozens", factor=1 / 12)
        _put(env, "uom.uom", 12, name="kg")
        _put(env, "uom.uom", 13, name="g", factor=1000.0)
    else:
        _put(env, "uom.uom", 2, name="Pack of 6", factor=6.0, relative_factor=6.0, relative_uom_id=1)
        _put(env, "uom.uom", 15, name="g")
        _put(env, "uom.uom", 16, name="kg", factor=1000.0, relative_factor=1000.0, relative_uom_id=15)


def _warehouse(
    env: Env, row_id: int, name: str, code: str, places: tuple[int, int], types: tuple[int, int, int]
) -> None:
    view, stock = places
    incoming, outgoing, internal = types
    customers = _location_ids(env.version)["customers"]
    suppliers = _location_ids(env.version)["suppliers"]
    _put(env, "stock.location", view, name=code, usage="view", warehouse_id=row_id, company_id=1)
    _put(env, "stock.location", stock, name="Stock", location_id=view, warehouse_id=row_id, company_id=1)
    _put(
        env,
        "stock.warehouse",
        row_id,
        name=name,
        code=code,
        view_location_id=view,
        lot_stock_id=stock,
        in_type_id=incoming,
        out_type_id=outgoing,
        int_type_id=internal,
    )
    shared = {"warehouse_id": row_id}
    # 17 leaves the other side of receipts and deliveries empty (odoo.md 5.2).
    outside = env.version >= 18
    _put(
        env,
        "stock.picking.type",
        incoming,
        name="Receipts",
        code="incoming",
        sequence_code="IN",
        default_location_src_id=suppliers if outside else False,
        default_location_dest_id=stock,
        **shared,
    )
    _put(
        env,
        "stock.picking.type",
        outgoing,
        name="Delivery Orders",
        code="outgoing",
        sequence_code="OUT",
        default_location_src_id=stock,
        default_location_dest_id=customers if outside else False,
        **shared,
    )
    _put(
        env,
        "stock.picking.type",
        internal,
        name="Internal Transfers",
        code="internal",
        sequence_code="INT",
        default_location_src_id=stock,
        default_location_dest_id=stock,
        **shared,
    )


def _system(env: Env) -> None:
    groups = [
        env["res.groups"].new({"name": name, "full_name": external}) for name, external in _GROUPS.items()
    ]
    for group, external in zip(groups, _GROUPS.values(), strict=True):
        module, _, name = external.partition(".")
        env["ir.model.data"].new({"module": module, "name": name, "model": "res.groups", "res_id": group})
    partner = env["res.partner"].new({"name": "Administrator"})
    membership = "groups_id" if env.version <= 18 else "group_ids"
    company = env["res.partner"].new({"name": "My Company"})
    env.store("res.company", 1, {"partner_id": company})
    user: dict[str, Any] = {"name": "Administrator", "login": "admin", "password": "admin"}
    user |= {"partner_id": partner, membership: groups}
    _put(env, "res.users", 2, **user)
    for module in _MODULES:
        env["ir.module.module"].new({"name": module})
    env["ir.config_parameter"].new({"key": "database.uuid", "value": "00000000-0000-4000-8000-000000000000"})
    for model, fields in env.registry.fields.items():
        model_id = env["ir.model"].new({"name": model, "model": model})
        for name, field in fields.items():
            env["ir.model.fields"].new(
                {
                    "name": name,
                    "model": model,
                    "model_id": model_id,
                    "ttype": field.type,
                    "relation": field.relation,
                    "store": field.stored,
                }
            )


def _put(env: Env, model: str, row_id: int, **values: Any) -> int:
    """A row under a given id; later ids come after it."""
    table = env.tx.database.tables[model]
    table.last_id = max(table.last_id, row_id)
    blank = {name: field.initial() for name, field in env.registry.fields[model].items() if field.stored}
    stamps = {"id": row_id, "create_date": env.now, "write_date": env.now}
    env.tx.put(model, row_id, {**blank, **values, **stamps})
    return row_id
