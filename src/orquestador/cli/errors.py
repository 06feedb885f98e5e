"""What ends a command: an exit code, and what a person can do."""

from __future__ import annotations

from orquestador.model.errors import OrquestadorError

WELL, PROBLEM, WRONG_USAGE = 0, 1, 2


class CommandFailed(OrquestadorError):
    """A command could not do what was asked."""

    def __init__(self, detail: str, remedy: str | None = None, exit_code: int = PROBLEM) -> None:
        self.remedy, self.exit_code = remedy, exit_code
        super().__init__(detail)
