"""The faults that can be switched on over `POST /_sandbox/faults`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS: dict[str, str] = {
    "commit_then_timeout": "count",  # the next N writes commit, then their answer hangs
    "wizard": "count",  # the next N button_validate answer the backorder wizard whatever the context says
    "phantom_webhook": "count",  # the next N writes that would call a webhook call it and are rolled back
    "error_rate": "share",  # that share of object calls fails with SerializationFailure before doing anything
    "error_status": "status",  # every /jsonrpc and /json/2 call answers this HTTP status with a page of HTML
    "delay_s": "seconds",  # every call first waits that long, holding its worker
    "second_warehouse": "switch",  # warehouse W2 with 250 units of everything
    "no_sale_module": "switch",  # the `sale` module is not installed
    "drop_free_qty": "switch",  # every computed quantity reads 0
}


class BadFault(ValueError):
    """A fault that does not exist, or a value that its kind does not allow; `args[0]` names it."""


class Faults:
    """What is switched on. A count of True stays on until it is switched off."""

    def __init__(self) -> None:
        self._on: dict[str, float | bool] = {}

    def merge(self, wanted: Mapping[str, Any]) -> None:
        """Take over all of `wanted` or, when one is wrong, nothing (BadFault)."""
        checked = {name: self._checked(name, value) for name, value in wanted.items()}
        for name, value in checked.items():
            if value:
                self._on[name] = value
            else:
                self._on.pop(name, None)

    def clear(self) -> None:
        """Switch everything off."""
        self._on.clear()

    def current(self) -> dict[str, float | bool]:
        """Every fault with its value; 0 is off."""
        return {name: self._on.get(name, 0) for name in KINDS}

    def value(self, name: str) -> float:
        """The value of a fault; 0 when it is off."""
        return float(self._on.get(name, 0))

    def take(self, name: str) -> bool:
        """Use one of a counted fault; False when none is left."""
        left = self._on.get(name)
        if not left:
            return False
        if left is not True:
            self.merge({name: int(left) - 1})
        return True

    @staticmethod
    def _checked(name: str, value: Any) -> float | bool:
        kind = KINDS.get(name)
        if kind is None:
            raise BadFault(f"{name}: no such fault; there are {', '.join(KINDS)}")
        if value is None or value is False:
            return 0
        if value is True:
            if kind in ("count", "switch"):
                return True
            raise BadFault(f"{name}: needs a number")
        if not isinstance(value, int | float) or value < 0:
            raise BadFault(f"{name}: needs a number from 0, or null to switch it off")
        if kind == "share" and value > 1:
            raise BadFault(f"{name}: a share is at most 1")
        if kind == "status" and value and not 400 <= value <= 599:
            raise BadFault(f"{name}: an HTTP status from 400 to 599")
        if kind == "switch":
            return bool(value)
        return int(value) if kind in ("count", "status") else float(value)
