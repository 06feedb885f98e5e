"""Reads of the catalogue, the stock and the warehouses (falabella.md 3.3, 3.4, 6)."""

import json
import re

from orquestador.sandbox.falabella.call import Call
from orquestador.sandbox.falabella.envelope import Answer, Node, Rows
from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.stock import (
    FBF_WAREHOUSE,
    RETURNS_FACILITY,
    SECOND_FACILITY,
    SECOND_OWN_ID,
    SELLER_FACILITY,
    Stock,
    shop_sku,
)

PRODUCT_FILTERS = (
    "all",
    "live",
    "inactive",
    "deleted",
    "image-missing",
    "pending",
    "rejected",
    "sold-out",
)
MAX_PRODUCTS = 1_000
MAX_STOCK_ROWS = 1_000


def get_products(call: Call) -> Answer:
    """GetProducts; an unknown SKU is an empty list. There is no total."""
    limit = call.whole("Limit", MAX_PRODUCTS, low=1, high=MAX_PRODUCTS, code=19)
    offset = call.whole("Offset", 0, low=0, high=None, code=14)
    chosen = call.text("Filter") or "all"
    if chosen not in PRODUCT_FILTERS:
        raise ApiError(36)
    changed = _changed_at(call)
    skus = list(call.world.stock.seller) if changed else []
    if call.text("SkuSellerList"):
        wanted = set(call.array("SkuSellerList", code=1000))
        skus = [sku for sku in skus if sku in wanted]
    if search := call.text("Search").lower():
        skus = [sku for sku in skus if search in sku.lower() or search in f"producto {sku}".lower()]
    skus = [sku for sku in skus if _passes(call, sku, chosen)]
    rows = [_product(call, sku) for sku in skus[offset : offset + limit]]
    return Answer({"Products": Rows("Product", rows)}, "Products")


def get_stock(call: Call) -> Answer:
    """GetStock: seller's and Falabella's warehouses of at most 1,000 SKUs; E1001 for a list that is none, and
    on request for one that names an unknown SKU. Whether reserved units are in the number is a switch."""
    switches = call.world.switches
    if switches.stock_error:
        raise ApiError(switches.stock_error)
    limit = call.whole("Limit", MAX_STOCK_ROWS, low=1, high=MAX_STOCK_ROWS, code=19)
    offset = call.whole("Offset", 0, low=0, high=None, code=14)
    stock = call.world.stock
    wanted = _sku_filter(call)
    if switches.refuse_unknown and wanted is not None and wanted - stock.seller.keys():
        raise ApiError(1001)
    skus = [sku for sku in stock.seller if wanted is None or sku in wanted][offset : offset + limit]
    return Answer({"Stocks": _stock_rows(call, stock, skus)}, "Stocks")


def get_warehouse(call: Call) -> Answer:
    """GetWarehouse: one that sells (the default), one for returns, and Falabella's own."""
    limit = call.whole("Limit", 20, low=1, high=100, code=19)
    offset = call.whole("Offset", 0, low=0, high=None, code=14)
    rows = [
        _warehouse(call, "Bodega principal", SELLER_FACILITY, "only_shipments", fbf=False, default=True),
        # A return warehouse can be flagged default as well (falabella.md 3.4).
        _warehouse(call, "Bodega devoluciones", RETURNS_FACILITY, "only_returns", fbf=False, default=True),
        _warehouse(
            call, "Fulfillment by Falabella", FBF_WAREHOUSE, "only_shipments", fbf=True, default=False
        ),
    ]
    if call.world.switches.second_warehouse:
        second = _warehouse(call, "Bodega 2", SECOND_FACILITY, "only_shipments", fbf=False, default=False)
        rows.append({**second, "sellerWarehouseId": SECOND_OWN_ID})
    fields = {
        "FacilityId": "facilityId",
        "SellerWarehouseId": "sellerWarehouseId",
        "WarehouseType": "warehouseType",
        "IsEnabled": "isEnabled",
        "IsDefault": "isDefault",
    }
    for parameter, name in fields.items():
        if value := call.text(parameter):
            rows = [row for row in rows if str(row[name]).lower() == value.lower()]
    return Answer({"Warehouses": Rows("Warehouse", rows[offset : offset + limit])}, "Warehouses")


def _changed_at(call: Call) -> bool:
    """The whole catalogue has the age of the sandbox; tells whether the date filters let it pass."""
    opened = call.world.opened_at
    after = [call.instant(name) for name in ("CreatedAfter", "UpdatedAfter")]
    before = [call.instant(name) for name in ("CreatedBefore", "UpdatedBefore")]
    return all(low is None or opened >= low for low in after) and all(
        high is None or opened <= high for high in before
    )


def _passes(call: Call, sku: str, chosen: str) -> bool:
    status = call.world.products[sku]["Status"]
    sold_out = call.world.stock.shown(sku) == 0
    return {
        "all": status != "deleted",
        "live": status == "active" and not sold_out,
        "inactive": status == "inactive",
        "deleted": status == "deleted",
        "sold-out": status == "active" and sold_out,
    }.get(chosen, False)  # nothing in this catalogue waits for pictures or for approval


def _product(call: Call, sku: str) -> Node:
    product = call.world.products[sku]
    unit: Node = {
        "BusinessUnit": "Falabella",
        "OperatorCode": call.world.country.operator,
        "Price": product["Price"],
        "SpecialPrice": product["SpecialPrice"],
        "SpecialFromDate": "",
        "SpecialToDate": "",
        "Stock": str(call.world.stock.shown(sku)),
        "Status": product["Status"],
        "IsPublished": "1",
    }
    return {
        "SellerSku": sku,
        "ShopSku": shop_sku(sku),
        "ProductSin": "",
        "Name": f"Producto {sku}",
        "Variation": "",
        "ParentSku": sku,
        "BusinessUnits": Rows("BusinessUnit", [unit]),
        "ProductId": "",
        "Url": "",
        "MainImage": "",
        "Images": "",
        "Description": "",
        "TaxClass": "IVA 19%",
        "Brand": "GENERICO",
        "PrimaryCategory": "",
        "Categories": "",
        "QCStatus": "approved",
        "ContentScore": "80",
        "ProductData": "",
    }


def _sku_filter(call: Call) -> set[str] | None:
    """PHP-style `SellerSku[0]=…`, or a JSON list."""
    indexed = {
        value for name, value in call.parameters.items() if re.fullmatch(r"SellerSku\[\d*\]", name) and value
    }
    if indexed:
        return indexed
    text = call.text("SellerSku")
    if not text:
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        raise ApiError(1001) from None
    if not isinstance(parsed, list) or not all(isinstance(sku, str) for sku in parsed):
        raise ApiError(1001)
    return set(parsed)


def _stock_rows(call: Call, stock: Stock, skus: list[str]) -> Node:
    facility = call.text("FacilityId")
    own_id = call.text("SellerWarehouseId")
    net = call.world.switches.read_means == "net"
    places = [("", SELLER_FACILITY, stock.seller)]
    if call.world.switches.second_warehouse:
        places.append((SECOND_OWN_ID, SECOND_FACILITY, stock.second))
    seller: list[Node] = [
        {
            "SellerWarehouseId": own,
            "FacilityID": at,
            "SellerSku": sku,
            "Quantity": str(cells[sku].shown if net else cells[sku].on_hand),
        }
        for sku in skus
        for own, at, cells in places
        if facility in ("", at) and own_id in ("", own)
    ]
    fbf: list[Node] = [
        {"WarehouseId": FBF_WAREHOUSE, "SellerSku": sku, "Quantity": str(stock.fbf[sku].shown)}
        for sku in skus
        if sku in stock.fbf and facility in ("", FBF_WAREHOUSE) and not own_id
    ]
    return {"SellerWarehouses": Rows("Warehouse", seller), "FulfillmentWarehouses": Rows("Warehouse", fbf)}


def _warehouse(
    call: Call, name: str, facility: str, kind: str, *, fbf: bool, default: bool
) -> dict[str, Node]:
    country = call.world.country
    return {
        "name": name,
        "sellerWarehouseId": "",
        "facilityId": facility,
        "nodeId": "",
        "warehouseType": kind,
        "isFbf": str(fbf).lower(),
        "isDefault": str(default).lower(),
        "isPickupStore": "false",
        "isEnabled": "true",
        "address": {"address": "Calle Falsa 123", "city": country.city, "country": country.code},
        "workingSchedule": "",
    }
