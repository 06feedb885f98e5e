"""Webhook rules where Odoo has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from orquestador.erp.odoo.rules import RuleRefused, WebhookRules
from orquestador.erp.odoo.setup import Dialect, SetUp, Warehouse


class Untouched:
    """An Odoo that must not be asked anything."""

    async def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None = None,
        kwargs: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        *,
        write: bool = False,
    ) -> object:
        raise AssertionError(f"{model}.{method} was called")


async def test_up_to_16_nothing_is_tried() -> None:
    setup = SetUp(2, "16.0", Dialect(16), Warehouse(1, "WH", 1, 8, 2, 1, "ship_only"), (), 5, True)
    with pytest.raises(RuleRefused) as refused:
        await WebhookRules(Untouched()).install(setup, "http://127.0.0.1:9/x")
    assert refused.value.code == "odoo.rule_version"
