"""Order actions: reads v1 and v2, item reads, and the two moves a seller can make (falabella.md 2)."""

from collections.abc import Iterable
from decimal import Decimal

from orquestador.sandbox.falabella.call import Call
from orquestador.sandbox.falabella.envelope import Answer, Node, Rows
from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.orders import Item, Order, spelled
from orquestador.sandbox.falabella.stock import shop_sku
from orquestador.sandbox.falabella.world import World

FILTER_STATUSES = ("pending", "canceled", "ready_to_ship", "delivered", "returned", "shipped", "failed")
MAX_LIMIT = 1_000  # not published; the larger of the two documented defaults
MAX_ORDER_LIST = 100  # not published; clients use 20 or 50


def get_orders(call: Call) -> Answer:
    """GetOrders 1.0 and 2.0. v2 follows the order's update time and takes no sorting (E075)."""
    v2 = call.version == "2.0"
    lower = {name: call.instant(name) for name in ("CreatedAfter", "UpdatedAfter")}
    if not any(value is not None for value in lower.values()):
        raise ApiError(18)
    upper = {name: call.instant(name) for name in ("CreatedBefore", "UpdatedBefore")}
    limit = call.whole("Limit", 100, low=1, high=MAX_LIMIT, code=19)
    offset = call.whole("Offset", 0, low=0, high=None, code=14)
    status = call.text("Status")
    if status and status not in FILTER_STATUSES:
        raise ApiError(36)
    shipping = call.text("ShippingType")
    key, reverse = _sorting(call, v2=v2)

    def wanted(order: Order) -> bool:
        updated = order.updated_at if v2 else max(item.updated_at for item in order.items)
        return (
            _within(order.created_at, lower["CreatedAfter"], upper["CreatedBefore"])
            and _within(updated, lower["UpdatedAfter"], upper["UpdatedBefore"])
            and (not status or status in order.statuses)
            and (not shipping or _normal(shipping) == _normal(order.shipping_type))
        )

    found = sorted(
        (order for order in call.world.orders.all() if wanted(order)),
        key=lambda order: (order.created_at if key == "created_at" else order.updated_at, order.order_id),
        reverse=reverse,
    )
    page = found[offset : offset + limit]
    answer = Answer(
        {"Orders": Rows("Order", [_order(call.world, order, v2=v2) for order in page])},
        "Orders",
        head={"TotalCount": str(len(found))},
    )
    if call.world.switches.paging_drift and page and offset + limit < len(found):
        # Somebody touches the first order while the client pages: it moves to the end, the rest move up.
        page[0].updated_at = call.now
    return answer


def get_order(call: Call) -> Answer:
    """GetOrder 1.0 and 2.0; E016 for an id that is none or unknown."""
    order = _find(call, call.required("OrderId"))
    return Answer({"Orders": Rows("Order", [_order(call.world, order, v2=call.version == "2.0")])}, "Orders")


def get_order_items(call: Call) -> Answer:
    order = _find(call, call.required("OrderId"))
    return Answer({"OrderItems": Rows("OrderItem", _items(call, order))}, "OrderItems")


def get_multiple_order_items(call: Call) -> Answer:
    """Unknown ids are left out; E039 when none is known."""
    ids = call.array("OrderIdList", code=56)
    if len(ids) > MAX_ORDER_LIST:
        raise ApiError(38)
    for text in ids:
        if not (text.isascii() and text.isdigit()):
            raise ApiError(37, text)
    orders = [order for text in dict.fromkeys(ids) if (order := call.world.orders.get(int(text))) is not None]
    if not orders:
        raise ApiError(39)
    rows: list[Node] = [
        {
            "OrderId": str(order.order_id),
            "OrderNumber": str(order.number),
            "OrderItems": Rows("OrderItem", _items(call, order)),
        }
        for order in orders
    ]
    return Answer({"Orders": Rows("Order", rows)}, "Orders")


def set_status_to_ready_to_ship(call: Call) -> Answer:
    """Moves *every* item of the order; refused for FBF, and while the items are not processable (E119)."""
    order, items = _own_items(call, call.array("OrderItemIds", code=23))
    if any(item.status not in ("pending", "ready_to_ship") for item in items):
        raise ApiError(73)
    if _not_ready(call, order):
        raise ApiError(119)
    if call.required("PackageId") != order.package_id:
        raise ApiError(121)
    open_items = [item for item in order.items if item.status == "pending" and not item.fbf]
    call.world.set_status(order, open_items, "ready_to_ship")
    return Answer()


def set_status_to_canceled(call: Call) -> Answer:
    """Cancels the whole package; only from `pending`, never FBF."""
    text = call.required("OrderItemId")
    if not call.text("Reason"):
        raise ApiError(22)
    order, items = _own_items(call, [text])
    if items[0].status != "pending":
        raise ApiError(28)
    package = [item for item in order.items if item.status == "pending" and not item.fbf]
    for item in package:
        item.reason, item.reason_detail = call.text("Reason"), call.text("ReasonDetail")
    call.world.set_status(order, package, "canceled")
    return Answer()


def _own_items(call: Call, ids: Iterable[str]) -> tuple[Order, list[Item]]:
    """The items and their one order. E020/E023 no number, E035 unknown, E029 several orders, E028 FBF."""
    orders: dict[int, Order] = {}
    items: list[Item] = []
    for text in ids:
        if not (text.isascii() and text.isdigit()):
            raise ApiError(20 if call.action == "SetStatusToCanceled" else 23, text)
        order = call.world.orders.of_item(int(text))
        if order is None:
            raise ApiError(35, text)
        orders[order.order_id] = order
        items.append(next(item for item in order.items if item.item_id == int(text)))
    if not items:
        raise ApiError(23)
    if len(orders) > 1:
        raise ApiError(29)
    if any(item.fbf for item in items):
        raise ApiError(28)
    return next(iter(orders.values())), items


def _sorting(call: Call, *, v2: bool) -> tuple[str, bool]:
    by, direction = call.text("SortBy"), call.text("SortDirection")
    if v2:
        if by or direction:
            raise ApiError(75)
        return "updated_at", False
    if by not in ("", "created_at", "updated_at"):
        raise ApiError(75)
    if direction not in ("", "ASC", "DESC"):
        raise ApiError(74)
    return by or "created_at", direction == "DESC"


def _find(call: Call, text: str) -> Order:
    order = call.world.orders.get(int(text)) if text.isascii() and text.isdigit() else None
    if order is None:
        raise ApiError(16, text)
    return order


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _normal(shipping_type: str) -> str:
    return shipping_type.lower().replace(" ", "").replace("_", "")


def _not_ready(call: Call, order: Order) -> bool:
    return call.now < order.placed_at + call.world.switches.package_delay_s


def _order(world: World, order: Order, *, v2: bool) -> Node:
    buyer = order.buyer
    goods = sum(Decimal(item.price) for item in order.items)
    fees = sum(Decimal(item.shipping) for item in order.items)
    total = goods + fees
    person: Node = {
        "FirstName": buyer.first_name,
        "LastName": buyer.last_name,
        "Phone": buyer.phone,
        "Phone2": "",
        "Address1": buyer.address,
        "CustomerEmail": buyer.email,
        "City": buyer.city or world.country.city,
        "Ward": world.country.city,
        "Region": world.country.region,
        "PostCode": "",
        "Country": world.country.code,
    }
    statuses: list[Node] = [
        spelled(status, alternative=world.switches.alt_spelling) for status in order.statuses
    ]
    row: dict[str, Node] = {
        "OrderId": str(order.order_id),
        "CustomerFirstName": buyer.first_name,
        "CustomerLastName": buyer.last_name,
        "OrderNumber": str(order.number),
        "PaymentMethod": "Falabella",
        "Remarks": "",
        "DeliveryInfo": "",
        # v2 writes whole money, v1 writes decimals with separators (1.5).
        "Price": f"{total:.0f}" if v2 else f"{total:,.2f}",
        "GiftOption": "0",
        "GiftMessage": "",
        "VoucherCode": "",
        "CreatedAt": world.country.local_text(order.created_at),
        "UpdatedAt": world.country.local_text(order.updated_at),
        "AddressUpdatedAt": world.country.local_text(order.created_at),
        "AddressBilling": person,
        "AddressShipping": person,
        "NationalRegistrationNumber": buyer.national_id,
        "ItemsCount": str(len(order.items)),
        "PromisedShippingTime": world.country.local_text(order.created_at + 86_400),
        "ExtraAttributes": "",
        "InvoiceRequired": "false",
        "OperatorCode": world.country.operator,
        "ShippingType": order.shipping_type,
        "Statuses": Rows("Status", statuses),
    }
    if v2:
        row |= {
            "GrandTotal": f"{total:.0f}",
            "ProductTotal": f"{goods:.0f}",
            "TaxAmount": "0",
            "ShippingFeeTotal": f"{fees:.0f}",
            "ShippingTax": "0",
            "Voucher": "0",
            "Warehouse": {"SellerWarehouseId": "", "FacilityId": order.facility},
        }
    return row


def _items(call: Call, order: Order) -> list[Node]:
    """One row per unit; nothing yet while the items are not visible (switch `items_delay_s`)."""
    switches = call.world.switches
    if call.now < order.placed_at + switches.items_delay_s:
        return []
    ready = not _not_ready(call, order)
    return [
        {
            "OrderItemId": str(item.item_id),
            "ShopId": str(item.item_id),
            "OrderId": str(order.order_id),
            "Name": f"Producto {item.sku}",
            "Sku": item.sku,
            "Variation": "",
            "ShopSku": shop_sku(item.sku),
            "ShippingType": item.shipping_type,
            "Currency": order.currency,
            "VoucherCode": "",
            "Status": spelled(item.status, alternative=switches.alt_spelling),
            "IsProcessable": "1" if ready else "0",
            "ShipmentProvider": "falaflex",
            "ShippingProviderType": "express",
            "IsDigital": "0",
            "DigitalDeliveryInfo": "",
            "TrackingCode": f"TRK{order.order_id}" if ready and item.status != "pending" else "",
            "TrackingCodePre": "",
            "Reason": item.reason,
            "ReasonDetail": item.reason_detail,
            "PurchaseOrderId": "",
            "PurchaseOrderNumber": "",
            "PackageId": order.package_id if ready else "",
            "PromisedShippingTime": call.world.country.local_text(order.created_at + 86_400),
            "ExtraAttributes": "",
            "CreatedAt": call.world.country.local_text(order.created_at),
            "UpdatedAt": call.world.country.local_text(item.updated_at),
            "Vouchers": "",
            "SalesType": "TDR",
            "ReturnStatus": "",
            "WalletCredits": "0.00",
            "ItemPrice": item.price,
            "PaidPrice": item.price,
            "TaxAmount": "0.00",
            "CodCollectableAmount": "0.00",
            "ShippingAmount": item.shipping,
            "ShippingServiceCost": "0.00",
            "ShippingTax": "0.00",
            "VoucherAmount": "0.00",
        }
        for item in order.items
    ]
