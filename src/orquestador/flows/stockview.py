"""`GET /odoo/stock/{sku}`: what the ERP has, from a short cache that says its age."""

from __future__ import annotations

import asyncio
import json

from orquestador.flows.context import Context, stock_key
from orquestador.model.errors import Unavailable
from orquestador.model.places import Scope
from orquestador.model.stock import Availability
from orquestador.pace import Rank, ranked
from orquestador.ports import CacheMiss, Erp, ProductProblem, Remembered

Answer = Availability | ProductProblem


class StockView:
    """One SKU at a time for people; the flows never read from here.

    No answer is older than `cache_s` seconds, counted from the instant at which the ERP was asked, nor older
    than a change that reached `Context.stock_changed`; 0 = each request asks for itself. Problems are not
    remembered: whoever has just made the product tries again.
    """

    def __init__(self, context: Context, cache_s: float) -> None:
        self._x, self._cache_s = context, cache_s
        self._asking: dict[tuple[str, CacheMiss], asyncio.Task[Answer]] = {}

    async def read(self, sku: str, channel: str | None = None) -> Answer:
        """In the places that this channel publishes; None = in the default warehouse. Raises Unavailable when
        the ERP does not answer, PlaceRefused when it does not have these places."""
        x, scope = self._x, self._x.settings.default_scope
        if channel is not None:
            scope = x.settings.scope_of(channel)
        if x.erp is None:
            raise Unavailable("no ERP is configured")
        if self._cache_s <= 0:
            return await self._ask(x.erp, sku, scope)
        name = stock_key(sku, None if scope == x.settings.default_scope else scope)
        found = await x.cache.get(name)
        if isinstance(found, Remembered):
            known = _decoded(sku, found.value)
            if known is not None and x.clock.now() < known.as_of + self._cache_s:
                return known
            found = CacheMiss(None)
        if found.token is None:
            return await self._ask(x.erp, sku, scope)
        # Requests of one moment share one call. A change between them gives the later one another miss, so
        # that nobody joins a call that began before the change he knows of.
        key = name, found
        asking = self._asking.get(key)
        if asking is None:
            task = self._ask_and_keep(x.erp, sku, scope, name, found)
            asking = self._asking[key] = asyncio.create_task(task)
            asking.add_done_callback(lambda done: self._asked(key, done))
        # One who leaves must not take the answer from the others.
        return await asyncio.shield(asking)

    def _asked(self, key: tuple[str, CacheMiss], done: asyncio.Task[Answer]) -> None:
        del self._asking[key]
        if not done.cancelled():
            done.exception()  # nobody may be left to hear it

    async def _ask_and_keep(self, erp: Erp, sku: str, scope: Scope, name: str, miss: CacheMiss) -> Answer:
        answer = await self._ask(erp, sku, scope)
        if isinstance(answer, Availability):
            left_s = answer.as_of + self._cache_s - self._x.clock.now()
            await self._x.cache.set(name, _encoded(answer), left_s, miss)
        return answer

    async def _ask(self, erp: Erp, sku: str, scope: Scope) -> Answer:
        with ranked(Rank.LAST):
            answer = (await erp.availability([sku], scope)).get(sku)
        if answer is None:
            raise Unavailable("the ERP did not answer for this SKU")
        return answer


def _encoded(answer: Availability) -> str:
    return json.dumps([answer.available, answer.on_hand, answer.reserved, answer.as_of])


def _decoded(sku: str, text: str) -> Availability | None:
    """None = written by another version of this service."""
    try:
        available, on_hand, reserved, as_of = map(float, json.loads(text))
    except (ValueError, TypeError):
        return None
    return Availability(sku=sku, available=available, on_hand=on_hand, reserved=reserved, as_of=as_of)
