"""What both journals say of a copy that cannot be restored."""

from __future__ import annotations

from enum import StrEnum

from orquestador.model.errors import StoreUnsuitable


class CopyProblem(StrEnum):
    """Why a file is not restored; each has words in both languages (`restore.<value>`)."""

    NOT_A_COPY = "not_a_copy"
    """It is no copy of this kind of journal at all, or cannot be read."""
    DAMAGED = "damaged"
    NEWER = "newer"
    """Written by a newer orquestador."""
    NOT_EMPTY = "not_empty"
    """There is a journal in the place where it would go."""


class CopyRefused(StoreUnsuitable):
    """This file cannot be restored here; what was there was left as it is."""

    def __init__(self, problem: CopyProblem, detail: str) -> None:
        self.problem = problem
        super().__init__(detail)
