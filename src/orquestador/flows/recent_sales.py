"""What was sold lately, of all channels, as far as this process has read it; memory only."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orquestador.model.autobuffer import FORGOTTEN_S, sold_per_hour


class RecentSales:
    """Sales by order, so that an order that is read again, or cancelled, counts once or no more."""

    def __init__(self) -> None:
        self._orders: dict[str, tuple[float, Mapping[str, int]]] = {}
        self._by_sku: dict[str, dict[str, tuple[float, int]]] = {}
        self.wanted: bool | None = None
        """Whether any rule asks for it; None = not known yet."""
        self.read_until: float | None = None
        """The newest change of an order that was read."""
        self.read_at = 0.0
        self.windows: dict[str, tuple[float, float]] = {}
        """Per channel, its exposure window in seconds, and when that was found."""

    def note(self, order: str, at: float, units: Mapping[str, int]) -> None:
        """What this order has sold, by SKU."""
        _, before = self._orders.pop(order, (0.0, {}))
        for sku in before:
            self._by_sku[sku].pop(order, None)
        if units:
            self._orders[order] = (at, units)
        for sku, n in units.items():
            self._by_sku.setdefault(sku, {})[order] = (at, n)

    def forget(self, now: float) -> None:
        """Drop what counts nothing any more. A SKU without sales is known until the next time."""
        for sku in [sku for sku, sales in self._by_sku.items() if not sales]:
            del self._by_sku[sku]
        for order in [order for order, (at, _) in self._orders.items() if at < now - FORGOTTEN_S]:
            self.note(order, 0.0, {})

    def speed(self, sku: str, now: float) -> float:
        """Units an hour."""
        return sold_per_hour(self._by_sku.get(sku, {}).values(), now)

    @property
    def skus(self) -> Collection[str]:
        """Those that sold lately."""
        return self._by_sku.keys()
