"""Real Redis servers of every version that this machine has, for whatever rests on Redis."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.redis_server import RedisServer, binaries

_prefixes = (f"test-{n}" for n in itertools.count())


@pytest.fixture(scope="module", params=list(binaries()))
def binary(request: pytest.FixtureRequest) -> Path:
    return binaries()[request.param]


@pytest.fixture(scope="module")
def server(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that all tests of a module share."""
    server = RedisServer(binary, tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_server(binary: Path, tmp_path: Path) -> Iterator[RedisServer]:
    """One that a test may break."""
    server = RedisServer(binary, tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def prefix() -> str:
    """Of the keys of one test."""
    return next(_prefixes)


@pytest.fixture
async def admin(server: RedisServer) -> AsyncIterator[Redis]:
    """The shared server past our own code."""
    client: Redis = Redis.from_url(server.url, decode_responses=True)
    yield client
    await client.aclose()
