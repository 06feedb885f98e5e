from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Shape, Stack, stack

embedded_only = pytest.mark.shapes(Shape.EMBEDDED)
"""For what the second shape cannot answer differently, and what costs more than it would tell there:

- doors, keys, roles, refusals and the words of one body are the same code in front of either store, and the
  web's own tests have them all; one test of each kind still goes through the doors of an `api`;
- rules of one number (buffer, cap, gross or net) and the shapes of JSON end before a store is asked;
- the file of SQLite, its lock and the `.env.example` as copied belong to the embedded shape;
- kills in a loop have a test of their own on the production shape, with the stores killed as well.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that needs a stack runs on both shapes, unless it is marked `shapes(...)`."""
    if "runs_on" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("shapes")
        shapes = list(Shape) if marked is None else list(marked.args)
        metafunc.parametrize("runs_on", shapes, indirect=True, scope="module")


@pytest.fixture(scope="module")
def runs_on(request: pytest.FixtureRequest) -> Shape:
    """What a stack of this test runs on."""
    shape: Shape = request.param
    return shape


@pytest.fixture
def world(runs_on: Shape, tmp_path: Path) -> Iterator[Stack]:
    """Both sandboxes, and a service that the test starts when it likes."""
    with stack(tmp_path, runs_on) as world:
        yield world


@pytest.fixture(scope="module")
def shared(
    request: pytest.FixtureRequest, runs_on: Shape, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A running stack for all tests of a module; its `SERVICE` overrides settings."""
    env: dict[str, str] = getattr(request.module, "SERVICE", {})
    with stack(tmp_path_factory.mktemp("shared"), runs_on, **env) as shared:
        shared.env["CLOCK_URL"] = shared.falabella.url
        shared.up()
        yield shared


@pytest.fixture
def shop(shared: Stack) -> Stack:
    """A running stack, idle and with its calls refilled; take SKUs of your own (`shop.sku()`)."""
    shared.refill()
    return shared
