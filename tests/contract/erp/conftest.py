"""The Odoos of the contract, over each API: the sandbox, or the real one of ODOO_CONTRACT_*."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import pytest

from orquestador.erp.odoo import OdooErp
from orquestador.http_base import CallRecord
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from tests.contract.erp.odoo_world import WAREHOUSE, Hand, OdooWorld, Server, adapter_of

RPC, JSON2 = "JSON-RPC", "JSON-2"
INVENTORY = ("stock.group_stock_user",)
SALES = ("sales_team.group_sale_salesman_all_leads", "base.group_partner_manager")
Target = tuple[int | str, str, tuple[str, ...]]
"""Version, API, and the groups of the adapter's user; none = it is the administrator."""
SIMULATED: list[Target] = [(17, RPC, ()), (18, RPC, ()), (19, RPC, ()), (19, JSON2, ()), (18, RPC, INVENTORY)]
REAL = "real"
NAMES = ("URL", "DB", "USER", "PASSWORD")
API_KEY = "ODOO_CONTRACT_API_KEY"
"""Of the same user, for JSON-2 (19 and later)."""
GROUPS = "ODOO_CONTRACT_GROUPS"
"""The adapter gets a user of its own, in these groups alone (`stock.group_stock_user`), over JSON-RPC."""


def _targets() -> Sequence[Target]:
    if not os.environ.get("ODOO_CONTRACT_URL"):
        return SIMULATED
    groups = tuple(os.environ.get(GROUPS, "").split())
    keyed = os.environ.get(API_KEY) and not groups
    return [(REAL, RPC, groups), *([(REAL, JSON2, ())] if keyed else [])]


def _name(target: Target) -> str:
    version, api, groups = target
    return "-".join([str(version), api, *(["as Inventory User"] if groups else [])])


def _real_server(api: str) -> Server:
    values = [os.environ.get(f"ODOO_CONTRACT_{name}", "") for name in NAMES]
    missing = [f"ODOO_CONTRACT_{name}" for name, value in zip(NAMES, values, strict=True) if not value]
    assert not missing, f"set {', '.join(missing)} too"
    url, db, user, secret = values
    return Server(url.rstrip("/"), db, user, os.environ[API_KEY] if api == JSON2 else secret, api)


async def _with_a_warehouse(server: Server) -> Server:
    async with Hand.open(server) as hand:
        if not await hand.rpc("stock.warehouse", "search", [["code", "=", WAREHOUSE]]):
            await hand.new_warehouse(WAREHOUSE)
    return replace(server, warehouse=WAREHOUSE)


async def _close_down(server: Server) -> None:
    async with Hand.open(server) as hand:
        await hand.close_down()


@pytest.fixture(scope="session")
def real_server() -> Iterator[Server]:
    """The real one, with a warehouse of ours until the end of the run."""
    server = asyncio.run(_with_a_warehouse(_real_server(RPC)))
    try:
        yield server
    finally:
        asyncio.run(_close_down(server))


@pytest.fixture(scope="module", params=_targets(), ids=_name)
def odoo(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server for all tests of a module."""
    version, api, groups = request.param
    if version == REAL:
        ready: Server = request.getfixturevalue("real_server")
        yield replace(_real_server(api), warehouse=ready.warehouse, groups=groups)
    else:
        with running(Options(version=version, seed_catalog=5)) as sandbox:
            yield Server(sandbox.url, "sandbox", "admin", "admin", api, sandbox, groups=groups)


_made: dict[tuple[str, ...], tuple[str, str]] = {}
"""On a real server: one user for each set of groups, until the end of the run."""


async def _lesser(hand: Hand, *groups: str) -> tuple[str, str]:
    if hand.server.sandbox is not None:
        return await hand.user_in(*groups)
    if groups not in _made:
        _made[groups] = await hand.user_in(*groups)
    return _made[groups]


@pytest.fixture
async def world(odoo: Server, request: pytest.FixtureRequest) -> AsyncIterator[OdooWorld]:
    """Fresh products on it; a test that is `simulated` is skipped, with its reason, on a real server."""
    mark = request.node.get_closest_marker("simulated")
    if odoo.sandbox is None and mark is not None:
        pytest.skip(f"simulated only: {mark.args[0]}")
    async with Hand.open(odoo) as hand:
        if odoo.groups:
            more = SALES if request.node.get_closest_marker("sells") else ()
            hand.server = replace(odoo, lesser=await _lesser(hand, *odoo.groups, *more))
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
