"""Stock of the marketplace: seller's and Falabella's own warehouses, reservations, and what a write means."""

from dataclasses import dataclass
from typing import Literal

WriteMeans = Literal["net", "gross"]

#: The seller's only selling warehouse and Falabella's own (falabella.md 3.3).
SELLER_FACILITY = "GSC-SC0001"
RETURNS_FACILITY = "GSC-SC0009"
#: A second one that sells, where the account has it (switch `second_warehouse`); both of its ids.
SECOND_FACILITY = "GSC-SC0002"
SECOND_OWN_ID = "BODEGA-2"
FBF_WAREHOUSE = "FBF-1"


@dataclass(slots=True)
class Cell:
    """Units of one SKU in one warehouse."""

    on_hand: int
    reserved: int = 0

    @property
    def shown(self) -> int:
        """What the API answers: without the units reserved for orders in process (falabella.md 3.2)."""
        return max(0, self.on_hand - self.reserved)


def owned_by_falabella(shipping_type: str) -> bool:
    """Both spellings of "fulfilled by Falabella" (falabella.md 2.4)."""
    return shipping_type.lower().replace(" ", "").replace("_", "") in ("ownwarehouse", "fulfillment")


class Stock:
    """All cells. Only the seller's are ever written by a feed."""

    def __init__(self, seller: dict[str, int], fbf: dict[str, int]) -> None:
        self.seller = {sku: Cell(units) for sku, units in seller.items()}
        self.fbf = {sku: Cell(units) for sku, units in fbf.items()}
        self.second = {sku: Cell(0) for sku in seller}

    def shown(self, sku: str) -> int | None:
        """The listing's number, of all warehouses that sell; None for an unknown SKU."""
        cell = self.seller.get(sku)
        return None if cell is None else cell.shown + self.second[sku].shown

    def write(self, sku: str, quantity: int, means: WriteMeans, facility: str = SELLER_FACILITY) -> None:
        """An absolute write of one warehouse. net: the number is shown from now on. gross: pending units are
        subtracted."""
        cell = (self.second if facility == SECOND_FACILITY else self.seller)[sku]
        cell.on_hand = quantity + cell.reserved if means == "net" else quantity

    def move(self, sku: str, shipping_type: str, old: str | None, new: str) -> None:
        """A unit changes its status: `pending` reserves, leaving it deducts, cancelling it releases (2.3)."""
        cells = self.fbf if owned_by_falabella(shipping_type) else self.seller
        cell = cells.get(sku)
        if cell is None or old == new:
            return
        if old == "pending":
            cell.reserved -= 1
            cell.on_hand -= 0 if new == "canceled" else 1
        elif new == "pending":
            cell.reserved += 1
        elif old is None and new != "canceled":
            cell.on_hand -= 1


def initial_stock(seed_catalog: int, units: int = 1_000, fbf_units: int = 100) -> Stock:
    """PROD-001 and SKU-00001.. with 1,000 seller units each; PROD-001 and every tenth also have FBF units."""
    skus = ["PROD-001", *(f"SKU-{n:05d}" for n in range(1, seed_catalog + 1))]
    return Stock(dict.fromkeys(skus, units), dict.fromkeys(skus[::10], fbf_units))


def shop_sku(sku: str) -> str:
    """Falabella's own number of a SKU; stable, so that two reads agree."""
    return str(141_000_000 + sum((n + 1) * byte for n, byte in enumerate(sku.encode())))
