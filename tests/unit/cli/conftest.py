"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.support import Shop, free_port


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, free_port())
