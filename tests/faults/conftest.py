from __future__ import annotations

from tests.e2e.conftest import shared, shop

__all__ = ["shared", "shop"]
