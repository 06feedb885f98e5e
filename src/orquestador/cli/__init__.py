"""`orquestador`: the command line. Heavy modules are imported inside commands, so that it starts fast."""

from orquestador.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """The console script. Exit codes: 0 well, 1 a problem was found, 2 wrong usage."""
    app()
