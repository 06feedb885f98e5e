"""What an order is worth and who bought it (falabella.md 2.1, 2.2); read when a sale order is written.

Answers hold buyers' names and addresses: they are confidential, so no call log has a word of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from orquestador.channels.falabella.client import Calls
from orquestador.channels.falabella.envelope import Node, child, listed, rows, text, whole
from orquestador.channels.falabella.orders import IDS_PER_CALL
from orquestador.model.errors import Rejected
from orquestador.model.sales import Customer, SoldLine, SoldOrder
from orquestador.ops.confidential import confidential

_UNKNOWN_ORDER: Final = frozenset({"E016", "E035", "E037"})


class SaleReads:
    """Reads of one account."""

    def __init__(self, client: Calls) -> None:
        self._client = client

    async def read(self, order_ids: Sequence[str], *, customers: bool) -> dict[str, SoldOrder]:
        """By order id; unknown ids are absent. Who bought costs a call for each order."""
        found: dict[str, SoldOrder] = {}
        ids = list(dict.fromkeys(order_ids))
        with confidential():
            for start in range(0, len(ids), IDS_PER_CALL):
                found |= await self._items(ids[start : start + IDS_PER_CALL], customers=customers)
        return found

    async def _items(self, ids: Sequence[str], *, customers: bool) -> dict[str, SoldOrder]:
        try:
            answer = await self._client.get(
                "GetMultipleOrderItems", {"OrderIdList": f"[{','.join(ids)}]"}, order_ids=tuple(ids)
            )
        except Rejected as error:
            if error.code == "E039" or (error.code in _UNKNOWN_ORDER and len(ids) == 1):
                return {}
            if error.code in {*_UNKNOWN_ORDER, "E038"} and len(ids) > 1:
                # About one id, or about their number: the others are asked for without it.
                half = len(ids) // 2
                first = await self._items(ids[:half], customers=customers)
                return first | await self._items(ids[half:], customers=customers)
            raise
        found = {}
        for node in listed(answer, "Orders", "Order"):
            order_id = text(node, "OrderId")
            if order_id in ids:
                customer = await self._customer(order_id) if customers else None
                found[order_id] = sold_order(node, customer)
        return found

    async def _customer(self, order_id: str) -> Customer | None:
        answer = await self._client.get(
            "GetOrder", {"OrderId": order_id}, version="2.0", order_ids=(order_id,)
        )
        orders = listed(answer, "Orders", "Order")
        return customer_of(orders[0]) if orders else None


def sold_order(node: Node, customer: Customer | None) -> SoldOrder:
    """An order of GetMultipleOrderItems. What a buyer is billed is `PaidPrice` + `ShippingAmount` of its
    items, not the order's own price (falabella.md 2.2)."""
    items = rows(child(node, "OrderItems"), "OrderItem")
    lines = tuple(
        SoldLine(
            line_id=text(item, "OrderItemId") or f"row-{n}",
            price=_price(item),
            shipping=amount(text(item, "ShippingAmount")) or Decimal(0),
        )
        for n, item in enumerate(items)
    )
    currencies = sorted({text(item, "Currency") for item in items} - {""})
    return SoldOrder(
        order_id=text(node, "OrderId"),
        number=text(node, "OrderNumber") or None,
        currency="+".join(currencies),
        lines=lines,
        customer=customer,
    )


def _price(item: Node) -> Decimal | None:
    # One row is one unit; should a row ever have more, nobody says whether its price is for one or all.
    if (whole(item, "Quantity") or 1) != 1:
        return None
    return amount(text(item, "PaidPrice"))


def amount(shown: str) -> Decimal | None:
    """`14990.00` or `14,990.00`; None when it is no amount."""
    try:
        value = Decimal(shown.replace(",", "").strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def customer_of(node: Node) -> Customer:
    """Who bought, from an order of GetOrder: the billing address before that of the delivery."""
    places = (child(node, "AddressBilling"), child(node, "AddressShipping"))

    def first(*names: str) -> str:
        return next((found for place in places for name in names if (found := text(place, name))), "")

    own = f"{text(node, 'CustomerFirstName')} {text(node, 'CustomerLastName')}".strip()
    return Customer(
        name=own or f"{first('FirstName')} {first('LastName')}".strip(),
        vat=text(node, "NationalRegistrationNumber"),
        email=first("CustomerEmail"),
        phone=first("Phone", "Phone2"),
        street=first("Address1"),
        street2=first("Address2", "Ward"),
        city=first("City"),
        zip=first("PostCode"),
    )
