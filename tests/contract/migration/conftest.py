"""A shop with something of everything on SQLite, and an empty database of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.settings import Settings
from tests.contract.migration.data import filled, settings_of
from tests.contract.migration.run import OwnDatabase
from tests.engines import shared_mongod


@pytest.fixture(params=[False, True], ids=["single", "replica set"])
def server(request: pytest.FixtureRequest) -> str:
    return shared_mongod(replica_set=request.param).uri


@pytest.fixture
def uri(server: str) -> Iterator[str]:
    with contextlib.closing(OwnDatabase(server)) as database:
        yield database.uri


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def shop(tmp_path: Path, uri: str, clock: ManualClock) -> Settings:
    shop = settings_of(tmp_path, uri)
    await filled(shop, clock)
    return shop
