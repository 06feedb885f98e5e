from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, stack


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Stack]:
    """Both sandboxes, and a service that the test starts when it likes."""
    with stack(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack for all tests of a module; its `SERVICE` overrides settings."""
    env: dict[str, str] = getattr(request.module, "SERVICE", {})
    with stack(tmp_path_factory.mktemp("shared"), **env) as shared:
        shared.env["CLOCK_URL"] = shared.falabella.url
        shared.up()
        yield shared


@pytest.fixture
def shop(shared: Stack) -> Stack:
    """A running stack, idle and with its calls refilled; take SKUs of your own (`shop.sku()`)."""
    shared.refill()
    return shared
