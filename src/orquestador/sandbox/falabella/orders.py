"""Orders of the marketplace: one item row is one unit, the status lives on the item (falabella.md 2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from orquestador.sandbox.falabella.stock import FBF_WAREHOUSE, SELLER_FACILITY, Stock, owned_by_falabella

#: Canonical spelling, and the other one that the documentation uses (falabella.md 2.3).
STATUSES: dict[str, str] = {
    "pending": "pending",
    "ready_to_ship": "Ready_To_Ship",
    "shipped": "shipped",
    "delivered": "delivered",
    "failed": "failed_delivery",
    "canceled": "Cancel",
    "return_shipped_by_customer": "return_ship_by_customer",
    "return_waiting_for_approval": "return_awaiting_for_approval",
    "returned": "returned",
    "return_rejected": "returned_rejected",
}
_CANONICAL = {spelling.lower(): status for status, other in STATUSES.items() for spelling in (status, other)}

FIRST_ORDER_ID = 1_200_000_101
FIRST_ORDER_NUMBER = 3_300_000_101
FIRST_ITEM_ID = 130_000_001


def canonical_status(text: str) -> str | None:
    """The canonical status of either spelling, or None."""
    return _CANONICAL.get(text.lower())


def spelled(status: str, *, alternative: bool) -> str:
    """The status as the API writes it."""
    return STATUSES[status] if alternative else status


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What a customer puts into an order."""

    sku: str
    quantity: int
    shipping_type: str
    price: str = "14990.00"
    """What was paid for each unit, tax included."""
    shipping: str = "0.00"
    """What was paid for sending each unit."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who ordered, as the account shows it."""

    first_name: str = "Cliente"
    last_name: str = "De Prueba"
    national_id: str = ""
    email: str = ""
    phone: str = ""
    address: str = "Calle Falsa 123"
    city: str = ""


@dataclass(slots=True)
class Item:
    """One unit."""

    item_id: int
    sku: str
    shipping_type: str
    status: str
    updated_at: float
    reason: str = ""
    reason_detail: str = ""
    price: str = "14990.00"
    shipping: str = "0.00"

    @property
    def fbf(self) -> bool:
        return owned_by_falabella(self.shipping_type)


@dataclass(slots=True)
class Order:
    """An order of one package; `placed_at` is when the sandbox got it, `created_at` what it says."""

    order_id: int
    number: int
    placed_at: float
    created_at: float
    updated_at: float
    items: list[Item] = field(default_factory=list)
    buyer: Buyer = field(default_factory=Buyer)
    currency: str = "CLP"

    @property
    def statuses(self) -> list[str]:
        """The distinct statuses of the items, in the order of their first row."""
        return list(dict.fromkeys(item.status for item in self.items))

    @property
    def shipping_type(self) -> str:
        """The order level's spelling: `Own Warehouse` when Falabella serves the whole order (2.4)."""
        return "Own Warehouse" if all(item.fbf for item in self.items) else self._seller_item().shipping_type

    @property
    def facility(self) -> str:
        return FBF_WAREHOUSE if all(item.fbf for item in self.items) else SELLER_FACILITY

    @property
    def package_id(self) -> str:
        return f"PKG{self.order_id - FIRST_ORDER_ID + 1:010d}"

    def _seller_item(self) -> Item:
        return next(item for item in self.items if not item.fbf)


class OrderBook:
    """All orders; every change of a status moves the stock in the same step."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._orders: dict[int, Order] = {}
        self._by_item: dict[int, Order] = {}

    def all(self) -> list[Order]:
        return list(self._orders.values())

    def get(self, order_id: int) -> Order | None:
        return self._orders.get(order_id)

    def of_item(self, item_id: int) -> Order | None:
        return self._by_item.get(item_id)

    def place(
        self,
        lines: Iterable[OrderLine],
        *,
        now: float,
        created_at: float,
        status: str,
        buyer: Buyer | None = None,
        currency: str = "CLP",
    ) -> Order:
        """A new order; its units are reserved (or deducted, when it starts beyond `pending`) at once."""
        number = len(self._orders)
        order = Order(
            order_id=FIRST_ORDER_ID + number,
            number=FIRST_ORDER_NUMBER + number,
            placed_at=now,
            created_at=created_at,
            updated_at=created_at,
            buyer=buyer or Buyer(),
            currency=currency,
        )
        for line in lines:
            for _unit in range(line.quantity):
                item = Item(
                    FIRST_ITEM_ID + len(self._by_item),
                    line.sku,
                    line.shipping_type,
                    status,
                    created_at,
                    price=line.price,
                    shipping=line.shipping,
                )
                order.items.append(item)
                self._by_item[item.item_id] = order
                self._stock.move(item.sku, item.shipping_type, None, status)
        self._orders[order.order_id] = order
        return order

    def set_status(
        self, order: Order, items: Iterable[Item], status: str, now: float, *, order_moves: bool = True
    ) -> list[Item]:
        """Moves the items and their stock; returns those that really changed. `order_moves`: the order's own
        time of update follows."""
        changed = [item for item in items if item.status != status]
        for item in changed:
            self._stock.move(item.sku, item.shipping_type, item.status, status)
            item.status = status
            item.updated_at = now
        if changed and order_moves:
            order.updated_at = now
        return changed
