"""What people see: plain text, tables, yes-or-no questions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 160
"""Columns where there is no terminal to ask: tables must not be cut for `grep`."""


def console() -> Console:
    """Standard output, without markup: what we show comes from other systems."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(markup=False, highlight=False, emoji=False, width=width)


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """A table; `right` are the columns of numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console().print(table)


def styled(text: str, style: str) -> None:
    """One line in a colour, where the terminal has colours."""
    console().print(text, style=style, soft_wrap=True)


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(question: str, *, default: bool, yes: str, no: str) -> bool:
    """A yes-or-no question in the user's language; an empty answer is the default."""
    marks = f"{yes.upper()}/{no}" if default else f"{yes}/{no.upper()}"
    while True:
        answer = input(f"{question} [{marks}] ").strip().lower()
        if not answer:
            return default
        if answer[0] in (yes[0].lower(), "y"):
            return True
        if answer[0] == no[0].lower():
            return False
