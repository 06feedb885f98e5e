"""Rows in memory, with transactions: a writer works on an overlay, readers see only what was committed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]


class Table:
    """The committed rows of one model, with hash indexes on the fields that are searched most."""

    def __init__(self, indexed: Iterable[str], first_id: int) -> None:
        self.rows: dict[int, Row] = {}
        self.indexes: dict[str, defaultdict[Any, set[int]]] = {name: defaultdict(set) for name in indexed}
        self.last_id = first_id - 1

    def replace(self, row_id: int, row: Row | None) -> None:
        """Put `row` in place of what was there; None removes."""
        old = self.rows.pop(row_id, None)
        for name, index in self.indexes.items():
            if old is not None:
                index[old[name]].discard(row_id)
            if row is not None:
                index[row[name]].add(row_id)
        if row is not None:
            self.rows[row_id] = row


class Database:
    """What is committed. Ids and numbers are handed out once, even to a transaction that fails."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = dict(tables)
        self._sequences: defaultdict[str, int] = defaultdict(int)

    def next_id(self, model: str) -> int:
        """A fresh id of that model."""
        table = self.tables[model]
        table.last_id += 1
        return table.last_id

    def next_number(self, sequence: str) -> int:
        """The next number of a named sequence, from 1."""
        self._sequences[sequence] += 1
        return self._sequences[sequence]


class Transaction:
    """A view of the database plus its own changes, which nobody else sees before `commit`.

    There is one writer at a time (the server's write lock), so the rows below never move under a transaction
    that writes; a reader is a transaction that changes nothing and runs without pausing.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.revision = 0  # grows with each change: what was computed at another revision is stale
        self._changes: defaultdict[str, dict[int, Row | None]] = defaultdict(dict)

    def get(self, model: str, row_id: int) -> Row | None:
        """The row as this transaction sees it; callers never change it in place."""
        changes = self._changes.get(model)
        if changes is not None and row_id in changes:
            return changes[row_id]
        return self.database.tables[model].rows.get(row_id)

    def ids(self, model: str) -> set[int]:
        """All ids of a model."""
        found = set(self.database.tables[model].rows)
        for row_id, row in self._changes.get(model, {}).items():
            if row is None:
                found.discard(row_id)
            else:
                found.add(row_id)
        return found

    def indexed(self, model: str, field: str) -> bool:
        """Whether `matching` can be used with this field."""
        return field in self.database.tables[model].indexes

    def matching(self, model: str, field: str, values: Iterable[Any]) -> set[int]:
        """The ids whose indexed `field` holds one of `values`."""
        wanted = set(values)
        index = self.database.tables[model].indexes[field]
        found: set[int] = set()
        for value in wanted:
            found |= index.get(value, set())
        for row_id, row in self._changes.get(model, {}).items():
            if row is not None and row[field] in wanted:
                found.add(row_id)
            else:
                found.discard(row_id)
        return found

    def put(self, model: str, row_id: int, row: Row | None) -> None:
        """Change one row in this transaction; None removes it."""
        self.revision += 1
        self._changes[model][row_id] = row

    def mark(self) -> dict[str, dict[int, Row | None]]:
        """Where `back_to` can return to."""
        return {model: dict(changes) for model, changes in self._changes.items()}

    def back_to(self, mark: Mapping[str, Mapping[int, Row | None]]) -> None:
        """Forget what changed since that mark."""
        self.revision += 1
        self._changes = defaultdict(dict, {model: dict(changes) for model, changes in mark.items()})

    def commit(self) -> None:
        """Make all changes visible at once."""
        for model, changes in self._changes.items():
            table = self.database.tables[model]
            for row_id, row in changes.items():
                table.replace(row_id, row)
        self._changes.clear()
