"""Calls whose content is personal through and through: logged as made, without a word of it (P7).

Masking by field name (`redact`) cannot see into rows of values, search conditions or an upstream's own
sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_confidential: ContextVar[bool] = ContextVar("confidential", default=False)


@contextmanager
def confidential() -> Iterator[None]:
    """Calls made inside are logged with neither request nor answer."""
    token = _confidential.set(True)
    try:
        yield
    finally:
        _confidential.reset(token)


def is_confidential() -> bool:
    return _confidential.get()
