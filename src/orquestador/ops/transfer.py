"""Moving rows from one store to another: their common form, and how both sides are compared.

A table of the source and its twin in the target know the same rows in the same form, each by its own way of
reading. They are compared by counts and by sums that do not depend on any order.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

BATCH_ROWS = 1_000
BATCH_BYTES = 8 * 2**20
"""Bodies of a batch: keeps memory bounded whatever the rows hold."""
BUCKETS = 4_096

ODD = "not stored as it should be"
"""A field more, with which a row of the target differs from every row of the source."""

Position = list[int | str]
"""Where a row stands in its source: what comes behind it is found by this."""


class Row(NamedTuple):
    at: Position
    """Empty when it was read from a target."""
    id: str
    """What a person is shown."""
    fields: tuple[object, ...]
    """All that must arrive: JSON's own types and bytes; the same types on both sides."""


class SourceTable(Protocol):
    @property
    def name(self) -> str: ...

    def count(self) -> int: ...

    def rows(self, after: Position | None) -> Generator[Row, None, None]:
        """All rows behind this one, in the order of their positions."""
        ...


class TargetTable(Protocol):
    @property
    def name(self) -> str: ...

    async def write(self, rows: Sequence[Row]) -> None:
        """Durable when it returns; a row that is there already stays as it is."""
        ...

    def batches(self) -> AsyncIterator[list[Row]]:
        """All rows, in any order. One that is not stored as `write` would store it has other fields."""
        ...


def batches(rows: Iterator[Row]) -> Generator[list[Row], None, None]:
    """Never many rows nor many bytes at once."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row.fields if isinstance(value, str | bytes))
        if len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _hex(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"a {type(value).__name__} has no canonical encoding")
    return value.hex()


_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_hex)


def digest(row: Row) -> int:
    """SHA-256 of the row's canonical encoding, as a number."""
    return int.from_bytes(hashlib.sha256(_ENCODER.encode(row.fields).encode()).digest(), "big")


def bucket(id_: str) -> int:
    return zlib.crc32(id_.encode(errors="surrogatepass")) % BUCKETS


class Checksum:
    """The sum of the digests of all rows. It is kept in parts by id, so that of two sums that differ the rows
    can be found without holding all of them."""

    def __init__(self) -> None:
        self.count = 0
        self._parts = [0] * BUCKETS

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._parts[bucket(row.id)] += digest(row)
        self.count += len(rows)

    @property
    def text(self) -> str:
        """64 hex digits."""
        return f"{sum(self._parts) % 2**256:064x}"

    def differs_in(self, other: Checksum) -> list[int]:
        """The buckets whose rows are not the same."""
        pairs = zip(self._parts, other._parts, strict=True)
        return [n for n, (ours, theirs) in enumerate(pairs) if ours != theirs]


def differing(ours: dict[str, list[int]], theirs: dict[str, list[int]]) -> list[str]:
    """The ids whose digests are not the same, or that one side lacks."""
    ids = dict.fromkeys(chain(ours, theirs))
    return sorted(i for i in ids if sorted(ours.get(i, [])) != sorted(theirs.get(i, [])))
