"""What a bench found, as a table for a person or as JSON."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measure:
    """One number with its unit; `aim` is what the design asks for, as words and as a verdict."""

    key: str
    label: str
    value: float
    unit: str
    aim: str = ""
    met: bool | None = None

    @property
    def text(self) -> str:
        digits = 0 if abs(self.value) >= 1000 else 1 if abs(self.value) >= 10 else 2 if self.value else 0
        return f"{self.value:,.{digits}f} {self.unit}".rstrip()


def at_least(key: str, label: str, value: float, unit: str, aim: float) -> Measure:
    return Measure(key, label, value, unit, f">= {aim:g} {unit}".rstrip(), value >= aim)


def at_most(key: str, label: str, value: float, unit: str, aim: float) -> Measure:
    return Measure(key, label, value, unit, f"<= {aim:g} {unit}".rstrip(), value <= aim)


@dataclass(slots=True)
class Report:
    """A bench's result. `print` is its only output on standard output."""

    command: str
    title: str
    measures: list[Measure] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    """What a reader needs to judge the numbers: rounds, sizes, settings."""
    plain: dict[str, object] = field(default_factory=dict)
    """For machines alone: what the JSON says at its top besides."""

    def add(self, *measures: Measure) -> None:
        self.measures += measures

    @property
    def exit_code(self) -> int:
        """1 when an aim was missed."""
        return int(any(m.met is False for m in self.measures))

    def finish(self, options: argparse.Namespace) -> int:
        """Print it; the exit code is 1 when an aim was missed and `--strict` was given."""
        self.print(as_json=options.json)
        return self.exit_code if options.strict else 0

    def print(self, *, as_json: bool) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        if as_json:
            measures = {
                m.key: {"value": round(m.value, 4), "unit": m.unit, "aim": m.aim or None, "met": m.met}
                for m in self.measures
            }
            report = {
                "command": self.command,
                "at": at,
                "machine": machine(),
                **self.facts,
                **self.plain,
                "measures": measures,
            }
            sys.stdout.write(json.dumps(report) + "\n")
            return
        rows = [("", "measured", "aim", "")]
        rows += [(m.label, m.text, m.aim, _verdict(m.met)) for m in self.measures]
        widths = [max(len(row[at]) for row in rows) for at in range(3)]
        lines = [self.title, f"  $ {self.command}", f"  {at}, {machine()}"]
        if self.facts:
            lines.append(
                "  " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.facts.items())
            )
        for label, value, aim, rest in rows:
            lines.append(f"  {label:<{widths[0]}}  {value:>{widths[1]}}  {aim:<{widths[2]}}  {rest}".rstrip())
        sys.stdout.write("\n".join(lines) + "\n\n")


def _verdict(met: bool | None) -> str:
    return "" if met is None else "ok" if met else "MISSED"


def machine() -> str:
    """Cores, processor, Python and load: numbers of a busy machine say so."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} cores {model}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def _lines(path: str) -> Sequence[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()


def command(module: str) -> str:
    """What was typed, so that a reader can type it again."""
    return " ".join((".venv/bin/python -m", module, *sys.argv[1:]))


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with what every bench understands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--strict", action="store_true", help="exit 1 when an aim is missed")
    return parser


def columns(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table that reads well as it is; the first `left` columns are words, the others numbers."""
    widths = [max(3, *(len(row[at]) for row in rows)) for at in range(len(rows[0]))]
    rule = [("-" * (w - 1)) + ("-" if at < left else ":") for at, w in enumerate(widths)]
    lines = []
    for row in (rows[0], rule, *rows[1:]):
        cells = [
            c.ljust(w) if at < left else c.rjust(w) for at, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of both middle ones of an even number."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
