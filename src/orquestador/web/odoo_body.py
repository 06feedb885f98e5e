"""What an Odoo stock notice says: "these products, or SKUs, may have changed" and never a number to copy.

Odoo's own automation sends `{"_model", "_id", <chosen fields>}` with intermediate values, in 17 and 18 before
its commit (odoo.md 8.1); other senders use `{sku, quantity?}` or a list.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import from_json

from orquestador.model.notices import Notice, NoticeKind
from orquestador.ports import InvalidBody

ROWS_MAX = 10_000
SKU_MAX_LENGTH = 200
_ID_MAX = 2**31 - 1
"""PostgreSQL integer, which Odoo's ids are."""
_EXAMPLE = 'Send {"sku": "PROD-001"}, a list of such objects, or the body of an Odoo automation.'


@dataclass(frozen=True, slots=True)
class OdooNotice:
    """The ids to look at, and the notice to journal."""

    products: tuple[int, ...]
    skus: tuple[str, ...]
    notice: Notice


def read_odoo_notice(body: bytes) -> OdooNotice:
    """Raises InvalidBody for no JSON or a malformed simple body; a native one without ids is ignored."""
    rows = _rows(body)
    products: dict[int, None] = {}
    skus: dict[str, None] = {}
    reasons: list[str] = []
    event = "simple"
    for row in rows:
        if "_model" in row or "_id" in row:
            event = str(row.get("_model"))[:100]
            product = _native_product(row)
            if isinstance(product, int):
                products[product] = None
            else:
                reasons.append(product)
        else:
            skus[_simple_sku(row)] = None
    if products or skus:
        kind = NoticeKind.STOCK if skus else NoticeKind.PRODUCT
        refs = tuple(skus) if skus else tuple(map(str, products))
        reason = None
    else:
        kind, refs, reason = NoticeKind.IGNORED, (), reasons[0] if reasons else "an empty list"
    # A repeated simple body is a new event; Odoo's own ones carry ids and write dates.
    same_if = hashlib.sha256(body).hexdigest() if event != "simple" else secrets.token_hex(16)
    notice = Notice(kind, refs, event=event, dedupe=same_if, reason=reason)
    return OdooNotice(tuple(products), tuple(skus), notice)


def _rows(body: bytes) -> list[Mapping[str, object]]:
    try:
        data = from_json(body, allow_inf_nan=False)
    except ValueError as e:
        raise InvalidBody("body", "it is no valid JSON", _EXAMPLE) from e
    rows = data if isinstance(data, list) else [data]
    if len(rows) > ROWS_MAX:
        raise InvalidBody("body", f"it has more than {ROWS_MAX} rows", "Send fewer rows at once.")
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            name = f"body[{i}]" if isinstance(data, list) else "body"
            raise InvalidBody(name, "it is no JSON object", _EXAMPLE)
    return rows


def _native_product(row: Mapping[str, object]) -> int | str:
    """The product id, or why there is none."""
    model = row.get("_model")
    value = row.get("product_id")
    if model == "product.product" and value is None:
        value = row.get("_id", row.get("id"))
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _ID_MAX:
        return value
    if value in (None, False):
        return "the automation does not send product_id: add it to the fields of the webhook action"
    return "product_id is not the id of a product"


def _simple_sku(row: Mapping[str, object]) -> str:
    sku = row.get("sku")
    if not isinstance(sku, str) or not sku.strip():
        raise InvalidBody("sku", "it is missing or no text", _EXAMPLE)
    sku = sku.strip()
    # Control characters exist in JSON, but in no SKU, and not every store can hold them.
    if len(sku) > SKU_MAX_LENGTH or not sku.isprintable():
        raise InvalidBody("sku", "it has characters that no SKU has, or is too long", _EXAMPLE)
    quantity = row.get("quantity")
    if quantity is not None and (isinstance(quantity, bool) or not isinstance(quantity, int | float)):
        raise InvalidBody("quantity", "it is no number", "Leave it out: the quantity is read from Odoo.")
    return sku
