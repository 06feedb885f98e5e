"""When each upstream last answered well, and how often we were asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    """The newest answers of one upstream. `problem` is None while the newest one was good."""

    last_good_at: float | None = None
    problem: str | None = None
    problem_since: float | None = None


class Contacts:
    """The newest contact per upstream, in memory: after a restart nothing is known until the first call."""

    def __init__(self) -> None:
        self._contacts: dict[str, Contact] = {}

    def good(self, upstream: str, at: float) -> None:
        self._contacts[upstream] = Contact(last_good_at=at)

    def bad(self, upstream: str, at: float, problem: str) -> None:
        before = self.of(upstream)
        since = before.problem_since if before.problem_since is not None else at
        self._contacts[upstream] = Contact(before.last_good_at, problem, since)

    def of(self, upstream: str) -> Contact:
        return self._contacts.get(upstream, Contact())


class RequestCounts:
    """Requests by what was asked and how it ended; health checks are counted here and not logged."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()

    def count(self, action: str, status: int) -> None:
        self._counts[action, status] += 1

    def of(self, action: str) -> dict[int, int]:
        """How often each HTTP status was the answer."""
        return {status: n for (name, status), n in self._counts.items() if name == action}
