"""Any serving command of ours whose journal commits each receipt alone: what the group commit is worth.

`python -m bench.ungrouped up`: the same program, only that no two receipts share a commit. Each is answered
as soon as its own is durable. Nobody would want it, so it is no setting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from bench.swap import swap
from orquestador.cli import main
from orquestador.journal.mongo import journal as mongo
from orquestador.journal.mongo.errors import from_mongo
from orquestador.journal.sqlite import journal as sqlite
from orquestador.journal.sqlite.writer import Writer

A = TypeVar("A")
R = TypeVar("R")


class OneByOne(Writer):
    """SQLite's writer thread: as many transactions as there are items."""

    def _commit(self, batch: list[Any]) -> list[Any]:
        for item in batch:
            self._answer(super()._commit([item]))
        return []


class Each(Generic[A, R]):
    """In the place of MongoDB's group commit: every caller commits for itself, as many at a time as the
    connection pool lets through."""

    def __init__(self, commit: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]]) -> None:
        self._commit = commit

    async def run(self, item: A) -> R:
        try:
            (answer,) = await self._commit([item])
        except Exception as error:
            raise from_mongo(error) from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing waits here."""


if __name__ == "__main__":
    swap(sqlite, "Writer", OneByOne)
    swap(mongo, "GroupCommit", Each)
    main()
