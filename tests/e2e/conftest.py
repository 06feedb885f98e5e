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
