"""The XML of the writes, turned into feed records (falabella.md 3.1)."""

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.feeds import Record
from orquestador.sandbox.falabella.stock import (
    FBF_WAREHOUSE,
    SECOND_FACILITY,
    SECOND_OWN_ID,
    SELLER_FACILITY,
    Stock,
)

MAX_STOCK_SKUS = 500
PRODUCT_STATUSES = ("active", "inactive", "deleted")


def request_xml(body: bytes) -> Element:
    """The `Request` element. E030 for an empty body, E005 for one that is no XML request."""
    if not body.strip():
        raise ApiError(30)
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError):
        raise ApiError(5) from None
    if root.tag != "Request":
        raise ApiError(5)
    return root


def update_stock_records(root: Element, stock: Stock, *, second: bool = False) -> list[Record]:
    """Request/Warehouse/Stock rows; `second`: the account has the second warehouse that sells.

    E011 beyond 500 SKUs, E1000 for two warehouse keys or a SKU twice.
    """
    rows = root.findall("Warehouse/Stock")
    if not rows:
        raise ApiError(30)
    if len(rows) > MAX_STOCK_SKUS:
        raise ApiError(11)
    records: list[Record] = []
    seen: set[tuple[str, str]] = set()
    for row in rows:
        sku, facility, own_id = (
            _text(row, "SellerSku"),
            _text(row, "GSCFacilityId"),
            _text(row, "SellerWarehouseId"),
        )
        if not sku:
            raise ApiError(89, "SellerSku")
        if facility and own_id:
            raise ApiError(1000)
        known = second and (facility == SECOND_FACILITY or own_id == SECOND_OWN_ID)
        at = SECOND_FACILITY if known else facility or own_id or SELLER_FACILITY
        place = (sku, at)
        if place in seen:
            raise ApiError(1000)
        seen.add(place)
        quantity, fault = _quantity(_text(row, "Quantity"))
        fault = ("" if known else _warehouse_fault(facility, own_id)) or fault
        records.append(Record(sku, quantity, stock.shown(sku), at, fault))
    return records


def product_update_records(root: Element, stock: Stock, operator: str) -> list[Record]:
    """Request/Product rows. Empty tags are ignored; a flat `Quantity` changes nothing (falabella.md 3.1)."""
    products = root.findall("Product")
    if not products:
        raise ApiError(30)
    return [_product_record(product, stock, operator) for product in products]


def _product_record(product: Element, stock: Stock, own_operator: str) -> Record:
    sku = _text(product, "SellerSku")
    if not sku:
        raise ApiError(89, "SellerSku")
    record = Record(sku, None, stock.shown(sku))
    for unit in product.findall("BusinessUnits/BusinessUnit"):
        operator = _text(unit, "OperatorCode")
        if operator != own_operator:
            record.fault = f"Invalid OperatorCode '{operator}'"
            break
        if text := _text(unit, "Stock"):
            record.quantity, record.fault = _quantity(text)
        for tag in ("Price", "SpecialPrice", "Status"):
            if text := _text(unit, tag):
                record.changes[tag] = text
        if record.changes.get("Status", "active") not in PRODUCT_STATUSES:
            record.fault = f"Invalid Status '{record.changes['Status']}'"
    return record


def _text(row: Element, tag: str) -> str:
    return (row.findtext(tag) or "").strip()


def _quantity(text: str) -> tuple[int | None, str]:
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text), ""
    return None, f"Invalid quantity '{text}'"


def _warehouse_fault(facility: str, own_id: str) -> str:
    if facility == FBF_WAREHOUSE:
        return f"Warehouse '{facility}' is read only"
    if facility not in ("", SELLER_FACILITY) or own_id:
        return f"Warehouse '{facility or own_id}' not found"
    return ""
