from __future__ import annotations

from tests.e2e.conftest import pytest_generate_tests, runs_on, shared, shop

__all__ = ["pytest_generate_tests", "runs_on", "shared", "shop"]
