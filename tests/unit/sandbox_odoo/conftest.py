"""One sandbox per version for the whole folder, reset before each test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from tests.unit.sandbox_odoo.client import Odoo

CATALOGUE = 5
VERSIONS = (17, 18, 19)


def _serve(version: int) -> Iterator[Odoo]:
    with (
        running(Options(version=version, seed_catalog=CATALOGUE)) as sandbox,
        httpx2.Client(base_url=sandbox.url, timeout=30, trust_env=False) as http,
    ):
        yield Odoo(url=sandbox.url, version=version, http=http)


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[int, Odoo]]:
    """A sandbox of each version."""
    generators = {version: _serve(version) for version in VERSIONS}
    yield {version: next(generator) for version, generator in generators.items()}
    for generator in generators.values():
        next(generator, None)


@pytest.fixture(params=VERSIONS)
def odoo(servers: dict[int, Odoo], request: pytest.FixtureRequest) -> Odoo:
    """Every version in turn."""
    server = servers[request.param]
    server.control("reset")
    return server


@pytest.fixture
def odoo17(servers: dict[int, Odoo]) -> Odoo:
    """Version 17."""
    servers[17].control("reset")
    return servers[17]


@pytest.fixture
def odoo18(servers: dict[int, Odoo]) -> Odoo:
    """Version 18."""
    servers[18].control("reset")
    return servers[18]


@pytest.fixture
def odoo19(servers: dict[int, Odoo]) -> Odoo:
    """Version 19."""
    servers[19].control("reset")
    return servers[19]
