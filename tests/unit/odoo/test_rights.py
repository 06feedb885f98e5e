"""Which secrets are keys that may end."""

from __future__ import annotations

import pytest

from orquestador.erp.odoo import OdooSettings
from orquestador.erp.odoo.rights import may_end


@pytest.mark.parametrize(
    ("secret", "is_key", "expected"),
    [
        ("a password", False, False),
        ("anything", True, True),
        ("0123456789abcdef0123456789abcdef01234567", False, True),
        ("0123456789abcdef0123456789abcdef0123456", False, False),
    ],
)
def test_a_key_in_the_place_of_the_password_is_a_key_too(secret: str, is_key: bool, expected: bool) -> None:
    assert may_end(OdooSettings("http://127.0.0.1:9", "d", "u", secret, is_key)) is expected
