"""What people see of the demo: live on a terminal, plain lines elsewhere, nothing for programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orquestador.demo.arithmetic import Row
from orquestador.demo.engines import Engines, Removal
from orquestador.demo.processes import House, ProcessEnded
from orquestador.demo.stage import Seen
from orquestador.i18n import text

PIPE_WIDTH = 120
"""Columns where there is no terminal to ask."""
GOOD, BAD = "✓", "✗"
ALARM = "bold red"


def make_console(stream: TextIO) -> Console:
    """Without markup: what we show comes from other systems."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a terminal that cannot show `é` must not end the demo
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    if not stream.isatty():
        console = Console(file=stream, markup=False, highlight=False, emoji=False, width=PIPE_WIDTH)
    return console


class View:
    """Phases and counts as they happen, then the table. Every text is in `lang`."""

    def __init__(self, console: Console, lang: str) -> None:
        self.console, self._lang = console, lang
        self._done: list[Text] = []
        self._now: tuple[str, float] | None = None
        self._counts = ""
        self._live: Live | None = None
        self._spinner = Spinner("dots")

    def say(self, code: str, **facts: object) -> str:
        return text(self._lang, code, **facts)

    def title(self, seed: int, engines: Engines) -> None:
        """What is real here and what is not, and which engines it runs on."""
        self.line("demo.title", seed=seed)
        facts = {"mongodb": engines.mongodb_at, "redis": engines.redis_at, "database": engines.name}
        kind = "sqlite" if engines.mongodb is None else "mongodb" if engines.redis is None else "both"
        self.line(f"demo.on.{kind}", **facts)
        if engines.unused:
            self.line("demo.redis_unused", style="yellow", names=", ".join(engines.unused))

    def removed(self, engines: Engines, removal: Removal) -> None:
        """What is gone from the engines, and by its exact name what is not."""
        if not removal.left:
            code = "demo.removed" if engines.redis is None else "demo.removed.keys"
            self.line(code, database=engines.name, keys=removal.keys)
        for left in removal.left:
            self._wide(self.say("demo.left", what=left.what, where=left.where, detail=left.detail), ALARM)

    def playing(self) -> AbstractContextManager[object]:
        """The time during which phases are shown."""
        if not self.console.is_terminal:
            return nullcontext()
        self._live = Live(get_renderable=self._picture, console=self.console, refresh_per_second=10)
        return self._live

    def phase(self, code: str, **facts: object) -> None:
        """The next phase begins, so the one before is done."""
        self.end()
        self._now = (self.say(code, **facts), time.monotonic())

    def end(self, *, well: bool = True) -> None:
        """The last phase is over."""
        if self._now is not None:
            words, began = self._now
            mark = (f"{GOOD} ", "green") if well else (f"{BAD} ", ALARM)
            line = Text.assemble(mark, words, (f" ({time.monotonic() - began:.1f} s)", "dim"))
            self._done.append(line)
            if self._live is None:
                self.console.print(line)
            self._now = None

    def seen(self, seen: Seen) -> None:
        self._counts = self.say(
            "demo.counts",
            acknowledged=seen.acknowledged,
            taken=len(seen.taken),
            feeds=seen.feeds_confirmed,
            dead=seen.dead,
        )

    def result(
        self, rows: Sequence[Row], *, orders: int, seed: int, seconds: float, why: Callable[[str], str | None]
    ) -> None:
        """The table, one sentence, and for each row that differs where to look."""
        if self._live is None and self._counts:
            self.console.print(self._counts, style="dim")
        self.console.print()
        self.console.print(self._table(rows))
        self.console.print()
        bad = [row for row in rows if not row.agrees]
        facts = {"orders": orders, "seed": seed, "skus": len(rows), "seconds": f"{seconds:.1f}"}
        if not bad:
            self.console.print(self.say("demo.agree", **facts), style="bold green")
            return
        self.console.print(self.say("demo.differ", n=len(bad), **facts), style=ALARM)
        for row in bad:
            for words in self._where_to_look(row, why):
                self.console.print(words)

    def failure(self, error: ProcessEnded) -> None:
        """A process is gone: which, and the last that it said."""
        code = "demo.silent" if error.code is None else "demo.ended"
        self.console.print(self.say(code, name=error.name, status=error.code), style=ALARM)
        if error.lines:
            self.console.print(self.say("demo.last_lines"))
            for line in error.lines:
                self.console.print(f"  {line}", style="dim", soft_wrap=True)

    def line(self, code: str, style: str = "", **facts: object) -> None:
        self.console.print(self.say(code, **facts), style=style)

    def keeping(self, house: House) -> None:
        """Where everything is, and what to try."""
        database = (("demo.keep.database", f"{house.engines.mongodb_at}/{house.name}"),)
        places = (
            ("demo.keep.service", house.service),
            ("demo.keep.docs", f"{house.service}/docs"),
            ("demo.keep.odoo", f"{house.odoo}/_sandbox/state"),
            ("demo.keep.falabella", f"{house.falabella}/_sandbox/state"),
            ("demo.keep.logs", str(house.folder)),
            *(database if house.engines.mongodb is not None else ()),
        )
        self.console.print()
        self.line("demo.keep", style="bold")
        for code, place in places:
            self._wide(f"  {self.say(code)}: {place}")
        self.line("demo.try", style="bold")
        for code, command in _commands(house):
            self._wide(f"  # {self.say(code)}", style="dim")
            self._wide(f"  {command}")

    def _wide(self, words: str, style: str = "") -> None:
        """Never wrapped: it is there to be copied."""
        self.console.print(words, style=style, soft_wrap=True)

    def _where_to_look(self, row: Row, why: Callable[[str], str | None]) -> Iterable[str]:
        nothing = self.say("demo.nothing")
        if not row.erp_agrees:
            erp = nothing if row.erp is None else row.erp
            yield self.say("demo.look.erp", sku=row.sku, erp=erp, expected=row.expected)
        if not row.listing_agrees:
            said = why(row.sku)
            yield self.say(
                "demo.look.listing",
                sku=row.sku,
                listing=nothing if row.listing is None else row.listing,
                expected=row.expected_listing,
                why=f" ({said})" if said else "",
            )

    def _table(self, rows: Sequence[Row]) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        if self.console.width < 60:
            table.padding = (0, 1, 0, 0)  # fits 40 columns
        table.add_column(self.say("demo.col.sku"), no_wrap=True)
        for name in ("expected", "erp", "expected_listing", "listing"):
            table.add_column(self.say(f"demo.col.{name}"), justify="right", overflow="fold")
        for row in rows:
            table.add_row(
                row.sku,
                str(row.expected),
                _cell(row.erp, agrees=row.erp_agrees),
                str(row.expected_listing),
                _cell(row.listing, agrees=row.listing_agrees),
            )
        return table

    def _picture(self) -> RenderableType:
        parts: list[RenderableType] = [*self._done]
        if self._now is not None:
            self._spinner.update(text=self._now[0])
            parts.append(self._spinner)
        if self._counts:
            parts.append(Text(self._counts, style="dim"))
        return Group(*parts)


class SilentView(View):
    """For `--json`: only what goes wrong, and only on standard error."""

    def __init__(self, lang: str) -> None:
        super().__init__(make_console(sys.stderr), lang)

    def title(self, seed: int, engines: Engines) -> None:
        if engines.unused:
            self.line("demo.redis_unused", names=", ".join(engines.unused))

    def removed(self, engines: Engines, removal: Removal) -> None:
        if removal.left:
            super().removed(engines, removal)

    def playing(self) -> AbstractContextManager[object]:
        return nullcontext()

    def phase(self, code: str, **facts: object) -> None: ...

    def end(self, *, well: bool = True) -> None: ...

    def seen(self, seen: Seen) -> None: ...

    def result(
        self, rows: Sequence[Row], *, orders: int, seed: int, seconds: float, why: Callable[[str], str | None]
    ) -> None: ...


def _cell(value: float | None, *, agrees: bool) -> Text:
    shown = "—" if value is None else f"{value:g}"
    return Text(shown) if agrees else Text(f"{BAD} {shown}", style=ALARM)


def _commands(house: House) -> tuple[tuple[str, str], ...]:
    """Lines for a shell, ready to be copied."""
    sku = "PROD-001"
    body = (
        f'{{"orderId":"FAL-1","products":[{{"sku":"{sku}","quantity":2,"price":9990}}],'
        '"status":"confirmed","timestamp":"2026-11-24T12:00:00Z"}'
    )
    post = "curl -s -X POST -H 'content-type: application/json'"
    order = f'{{"items":[{{"sku":"{sku}","quantity":3}}]}}'
    sale = f'{{"sku":"{sku}","delta":-2}}'
    return (
        ("demo.try.order", f"{post} -d '{order}' {house.falabella}/_sandbox/orders"),
        (
            "demo.try.body",
            f"{post} -d '{body}' '{house.service}/falabella/webhook/order?token={house.secret}'",
        ),
        ("demo.try.sale", f"{post} -d '{sale}' {house.odoo}/_sandbox/move"),
        ("demo.try.look", f"curl -s '{house.service}/logs/product/{sku}?limit=10'"),
        ("demo.try.status", f"curl -s {house.service}/status"),
    )
