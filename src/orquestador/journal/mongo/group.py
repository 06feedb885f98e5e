"""Natural group commit: the next group is whatever came while the last one was committed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from orquestador.journal.mongo.errors import from_mongo
from orquestador.model.errors import StoreUnavailable

A = TypeVar("A")
R = TypeVar("R")

GROUP_MAX = 1_000
"""Items in one commit: keeps the first of them from waiting long for the last."""
PATIENCE_S = 2.5
"""Nobody waits longer for an answer, whatever the store does. A little more than the driver's patience with a
server that is away, so that a quick restart goes unnoticed."""


class GroupCommit(Generic[A, R]):
    """No timer: an idle one commits one item at once.

    `commit` answers each item of a group, or says what is wrong with that item alone; it can ask whether
    another group waits. When it raises and the store is well, the items are committed one by one, so that a
    hostile one fails alone.
    """

    def __init__(
        self, commit: Callable[[Sequence[A], Callable[[], bool]], Awaitable[Sequence[R | Exception]]]
    ) -> None:
        self._commit = commit
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._asked: deque[tuple[float, asyncio.Future[R]]] = deque()
        """Until when each caller waits, the first one first."""
        self._watch: asyncio.TimerHandle | None = None
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def run(self, item: A) -> R:
        """The answer to this item, once it is durable; StoreUnavailable after `PATIENCE_S`.

        What has waited in vain is withdrawn, unless its commit is under way: then nobody knows, and the
        caller's repetition meets it or is the first.
        """
        if self._closed:
            raise StoreUnavailable("the journal is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, future))
        self._asked.append((loop.time() + PATIENCE_S, future))
        if self._watch is None:
            self._watch = loop.call_at(self._asked[0][0], self._out_of_patience)
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="journal-intake")
        return await future

    def _out_of_patience(self) -> None:
        """One timer for everybody: callers come in the order in which they lose patience."""
        loop = asyncio.get_running_loop()
        while self._asked and (self._asked[0][1].done() or self._asked[0][0] <= loop.time()):
            _, future = self._asked.popleft()
            if not future.done():
                future.set_exception(StoreUnavailable("the journal did not commit in time"))
        self._watch = loop.call_at(self._asked[0][0], self._out_of_patience) if self._asked else None

    async def close(self) -> None:
        """Commits what waits; later items are refused."""
        self._closed = True
        if self._working is not None:
            await self._working
        if self._watch is not None:
            self._watch.cancel()

    async def _work(self) -> None:
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MAX))]
                group = [(item, future) for item, future in taken if not future.done()]
                if not group:
                    continue
                answers = await self._answers([item for item, _ in group])
                for (_, future), answer in zip(group, answers, strict=True):
                    if future.done():  # the caller is gone; what it wrote is durable all the same
                        continue
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
                while self._asked and self._asked[0][1].done():
                    self._asked.popleft()
        finally:
            self._working = None

    async def _answers(self, items: Sequence[A]) -> Sequence[R | Exception]:
        try:
            return await self._commit(items, lambda: bool(self._waiting))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers, and the next group goes on
            told = from_mongo(error)
            if len(items) == 1 or isinstance(told, StoreUnavailable):
                return [from_mongo(error) for _ in items]
            return [answer for item in items for answer in await self._answers([item])]
