"""The Odoos of the contract: the sandbox as 17, 18 and 19, or the real one of ODOO_CONTRACT_*."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from orquestador.erp.odoo import OdooErp
from orquestador.http_base import CallRecord
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from tests.contract.erp.odoo_world import Hand, OdooWorld, Server, adapter_of
from tests.contract.erp.world import RUN

REAL = "real"
NAMES = ("URL", "DB", "USER", "PASSWORD")


def _targets() -> list[int | str]:
    return [REAL] if os.environ.get("ODOO_CONTRACT_URL") else [17, 18, 19]


def _real_server() -> Server:
    values = [os.environ.get(f"ODOO_CONTRACT_{name}", "") for name in NAMES]
    missing = [f"ODOO_CONTRACT_{name}" for name, value in zip(NAMES, values, strict=True) if not value]
    assert not missing, f"set {', '.join(missing)} too"
    url, db, user, secret = values
    return Server(url.rstrip("/"), db, user, secret)


async def _with_a_warehouse(server: Server) -> Server:
    async with Hand.open(server) as hand:
        code = f"{RUN[1:4]}1"  # at most five letters
        await hand.new_warehouse(code)
    return replace(server, warehouse=code)


async def _close_down(server: Server) -> None:
    async with Hand.open(server) as hand:
        await hand.close_down()


@pytest.fixture(scope="session", params=_targets())
def odoo(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server for all tests of the folder."""
    if request.param == REAL:
        server = asyncio.run(_with_a_warehouse(_real_server()))
        try:
            yield server
        finally:
            asyncio.run(_close_down(server))
    else:
        with running(Options(version=request.param, seed_catalog=5)) as sandbox:
            yield Server(sandbox.url, "sandbox", "admin", "admin", sandbox)


@pytest.fixture
async def world(odoo: Server, request: pytest.FixtureRequest) -> AsyncIterator[OdooWorld]:
    """Fresh products on it; a test that is `simulated` is skipped, with its reason, on a real server."""
    mark = request.node.get_closest_marker("simulated")
    if odoo.sandbox is None and mark is not None:
        pytest.skip(f"simulated only: {mark.args[0]}")
    async with Hand.open(odoo) as hand:
        yield await OdooWorld.fresh(hand)


@pytest.fixture
def records(world: OdooWorld) -> list[CallRecord]:
    """What the adapter logs."""
    return world.records


@pytest.fixture
async def erp(world: OdooWorld) -> AsyncIterator[OdooErp]:
    """The adapter that talks to it."""
    adapter = adapter_of(world)
    yield adapter
    await adapter.close()
