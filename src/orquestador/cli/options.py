"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from orquestador.cli.words import help_text
from orquestador.model.work import State

AsJson = Annotated[bool, typer.Option("--json", help=help_text("json"))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=help_text("yes"))]
Channel = Annotated[str | None, typer.Option("--channel", help=help_text("channel"))]
Sku = Annotated[str | None, typer.Option("--sku", help=help_text("sku"))]
Limit = Annotated[int, typer.Option("--limit", min=1, max=500, help=help_text("limit"))]
Kind = Annotated[
    Literal["order", "listing", "movement"] | None, typer.Option("--kind", help=help_text("kind"))
]
States = Annotated[list[State] | None, typer.Option("--state", help=help_text("state"))]
Lang = Annotated[Literal["es", "en"] | None, typer.Option("--lang", help=help_text("lang"))]
