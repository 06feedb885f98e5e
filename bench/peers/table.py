"""What the races found, as a table for a person."""

from __future__ import annotations

from collections.abc import Sequence

from bench.peers.race import Result

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
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    lines = []
    for row in rows:
        cells = [
            c.ljust(w) if at < 2 else c.rjust(w) for at, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)
