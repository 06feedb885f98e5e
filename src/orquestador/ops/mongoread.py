"""A whole collection, read in bounded pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast

import bson
from pymongo.asynchronous.collection import AsyncCollection

Doc = dict[str, Any]
T = TypeVar("T")
BATCH_DOCS = 1_000
"""At most; the server also ends a batch at 16 MiB."""


async def every(collection: AsyncCollection[Doc], convert: Callable[[Doc], T]) -> AsyncIterator[list[T]]:
    """All documents, converted, in any order; decoded and converted beside the event loop."""

    def decoded(raw: bytes) -> list[T]:
        return [convert(doc) for doc in bson.decode_all(raw)]

    found = collection.find_raw_batches({}, hint=[("$natural", 1)], batch_size=BATCH_DOCS)
    async with found:
        async for raw in found:
            # PyMongo's own annotation says document; what comes are the bytes of many.
            yield await asyncio.to_thread(decoded, cast("bytes", raw))
