"""The seller's warehouses over there: is the one that we write among them, and does one have to be named?"""

from __future__ import annotations

from typing import Final

from orquestador.channels.falabella.client import Calls
from orquestador.channels.falabella.config import FalabellaConfig
from orquestador.channels.falabella.envelope import Node, listed, text
from orquestador.model.errors import UpstreamError
from orquestador.ports import Clock, Finding

PAGE: Final = 100
"""Most rows of a GetWarehouse (falabella.md 3.4)."""
PAGES_MAX: Final = 20
LOOK_EVERY_S: Final = 600.0


class Warehouses:
    """Findings about the warehouses of one account; read every ten minutes while all is well."""

    def __init__(self, client: Calls, config: FalabellaConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock
        self._found: list[Finding] = []
        self._looked_at: float | None = None

    async def check(self) -> list[Finding]:
        """Never raises for an upstream's failure: an account need not be allowed to read its warehouses."""
        now = self._clock.now()
        if self._found or self._looked_at is None or now >= self._looked_at + LOOK_EVERY_S:
            try:
                self._found = self._judge(await self._read())
            except UpstreamError:
                return self._found
            self._looked_at = now
        return self._found

    async def _read(self) -> list[Node]:
        nodes: list[Node] = []
        for n in range(PAGES_MAX):
            answer = await self._client.get("GetWarehouse", {"Limit": str(PAGE), "Offset": str(n * PAGE)})
            page = listed(answer, "Warehouses", "Warehouse")
            nodes += page
            if len(page) < PAGE:
                break
        return nodes

    def _judge(self, nodes: list[Node]) -> list[Finding]:
        config = self._config
        # One for returns can be the default too, and Falabella's own are never written (falabella.md 3.4).
        sells = [
            n
            for n in nodes
            if text(n, "isFbf").lower() not in ("true", "1")
            and text(n, "isEnabled").lower() not in ("false", "0")
            and text(n, "warehouseType").lower() != "only_returns"
        ]
        ids = {text(n, "facilityId"): text(n, "sellerWarehouseId") for n in sells}
        known = ", ".join(f"{at} ({own})" if own else at for at, own in sorted(ids.items()))
        facts: dict[str, object] = {"channel": config.id, "known": known}
        if config.names_warehouse:
            named = config.facility_id or config.seller_warehouse_id
            there = ids.keys() if config.facility_id else set(ids.values()) - {""}
            if named.lower() in {one.lower() for one in there}:
                return []
            facts["named"] = named
            return [Finding("falabella.warehouse_unknown", "error", facts, stops=config.id)]
        return [Finding("falabella.warehouses_several", "warning", facts)] if len(ids) > 1 else []
