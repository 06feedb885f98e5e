"""What the races found, as a table for a person."""

from __future__ import annotations

from collections.abc import Sequence

from bench.peers.race import Result
from bench.report import columns

_HEAD = ("fault", "who", "orders", "orders/s", "ERP calls each", "lost", "doubled", "back after")


def table(results: Sequence[Result]) -> str:
    """One row for each race; units lost and doubled beside the speed."""
    rows = [_HEAD]
    rows += [
        (
            r.fault.value,
            r.label,
            str(r.orders),
            f"{r.per_second:.2f}",
            f"{r.calls_per_order:.2f}",
            f"{r.lost} of {r.units}" if r.lost else "0",
            f"{r.doubled} of {r.units}" if r.doubled else "0",
            "" if r.back_s is None else f"{r.back_s:.1f} s",
        )
        for r in results
    ]
    return columns(rows, left=2)
