"""What a sale order is to contain: read from the channel at the last moment, and never stored (ADR 0018)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orquestador.flows.context import Context
from orquestador.flows.lane_rows import OpenRow, row_after
from orquestador.model.effects import KeyState
from orquestador.model.errors import AuthRefused, Unavailable, UpstreamError
from orquestador.model.orders import Direction
from orquestador.model.sales import NEEDS_API, SaleProblem, SoldOrder, sale_of
from orquestador.ports import Movement, Outcome, Save

CHANNEL_AWAY_S = 5.0
UNREADABLE = "sale_unreadable"
"""The channel does not show the order, or refuses to."""


@dataclass(slots=True)
class Prepared:
    """Rows of the lane, told apart; the rest of them are of another kind, and ready."""

    movements: list[Movement] = field(default_factory=list)
    refused: dict[str, Outcome] = field(default_factory=dict)
    """By key: what cannot be sold as it is, and why."""
    away: dict[str, str] = field(default_factory=dict)
    """By key: the channel did not answer, so nothing is known about the order."""


class SaleDesk:
    """Adds to movements that sell what they are worth and for whom."""

    def __init__(self, context: Context) -> None:
        self._x = context

    async def prepare(self, rows: Sequence[OpenRow]) -> Prepared:
        """What may be sent to the ERP now."""
        found = Prepared()
        sells = [r for r in rows if _sells(r)]
        sold, found.refused, found.away = await self._read(sells)
        for row in rows:
            key = row.effect.key
            if key in found.refused or key in found.away:
                continue
            movement = row.movement
            if key in sold:
                try:
                    movement = replace(movement, sale=sale_of(row.effect, sold[key], row.work.channel))
                except SaleProblem as problem:
                    found.refused[key] = _refusal(row, problem.code, problem.detail)
                    continue
            found.movements.append(movement)
        return found

    async def kept(self, rows: Sequence[OpenRow]) -> list[Movement]:
        """For giving up a part: what stays, with its prices where the channel tells them; the stock does not
        wait for that."""
        sold, _, _ = await self._read([r for r in rows if _sells(r)])
        movements = []
        for row in rows:
            movement, key = row.movement, row.effect.key
            if key in sold:
                units = {item.line_id: item.wanted for item in row.effect.items}
                try:
                    sale = sale_of(row.effect, sold[key], row.work.channel, units=units)
                    movement = replace(movement, sale=sale)
                except SaleProblem:
                    self._x.count("sales_lowered_without_prices")
            movements.append(movement)
        return movements

    def postponed(self, rows: Iterable[OpenRow], away: Mapping[str, str]) -> list[Save]:
        """The rows whose channel is away: it is nobody's attempt, and nothing was sent."""
        x, now = self._x, self._x.clock.now()
        saves = []
        for row in rows:
            live = x.modes.of(row.work.channel) is not None
            save = row_after(row.work, row.order, live=live, now=now, effect_due_at=now + CHANNEL_AWAY_S)
            reason = f"channel_away:{away[row.effect.key]}"
            saves.append(replace(save, work=replace(save.work, reason=reason)))
        return saves

    async def _read(
        self, rows: Sequence[OpenRow]
    ) -> tuple[dict[str, SoldOrder], dict[str, Outcome], dict[str, str]]:
        sold: dict[str, SoldOrder] = {}
        refused: dict[str, Outcome] = {}
        away: dict[str, str] = {}
        by_channel: dict[str, list[OpenRow]] = {}
        for row in rows:
            by_channel.setdefault(row.work.channel, []).append(row)
        for channel_id, group in by_channel.items():
            channel = self._x.channels.get(channel_id)
            readable = []
            for row in group:
                if channel is None or not channel.has_api or row.order.body_backed:
                    refused[row.effect.key] = _refusal(row, NEEDS_API)
                else:
                    readable.append(row)
            if channel is None or not readable:
                continue
            ids = [row.order.order_id for row in readable]
            try:
                customers = channel_id not in self._x.settings.one_buyer
                read = await channel.read_sales(ids, customers=customers)
            except (Unavailable, AuthRefused) as error:
                away |= {row.effect.key: error.detail for row in readable}
                continue
            except UpstreamError as error:
                refused |= {row.effect.key: _refusal(row, UNREADABLE, error.detail) for row in readable}
                continue
            for row in readable:
                if (order := read.get(row.order.order_id)) is None:
                    refused[row.effect.key] = _refusal(row, UNREADABLE, "not found")
                else:
                    sold[row.effect.key] = order
        return sold, refused, away


def _sells(row: OpenRow) -> bool:
    return row.effect.mode.sells and row.effect.direction is Direction.OUT


def _refusal(row: OpenRow, code: str, detail: str = "") -> Outcome:
    return Outcome(KeyState.REFUSED, row.effect.erp_id, code=code, reason=detail)
