"""One call's view of the database, and the mark that makes a method callable from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from orquestador.sandbox.odoo.errors import MissingError
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.store import Row, Transaction

if TYPE_CHECKING:
    from orquestador.sandbox.odoo.orm import Model
    from orquestador.sandbox.odoo.registry import Registry

_F = TypeVar("_F", bound=Callable[..., Any])
_M = TypeVar("_M", bound="Model")

ADMIN = 2
"""The id of the administrator."""

COMMON: dict[str, Field] = {
    "id": Field("integer"),
    "display_name": Field("char", compute="_display_names"),
    "create_date": Field("datetime"),
    "write_date": Field("datetime"),
}


def public(*, writes: bool = False) -> Callable[[_F], _F]:
    """Make a method callable over RPC; `writes` sends it through the write lock and a transaction."""

    def mark(function: _F) -> _F:
        function.__dict__["rpc_writes"] = writes
        return function

    return mark


def as_ids(ids: Any) -> list[int]:
    """One id or a list of them, as the external API accepts both."""
    if ids is None or ids is False:
        return []
    if isinstance(ids, list | tuple | set):
        return [int(item) for item in ids]
    return [int(ids)]


class Env:
    """One call's view: version, context, user, transaction, and the watcher that hears of each change."""

    def __init__(
        self,
        registry: Registry,
        tx: Transaction,
        *,
        now: datetime,
        context: Mapping[str, Any] | None = None,
        watch: Callable[[Env, str, int, frozenset[str] | None], None] | None = None,
        quirks: frozenset[str] = frozenset(),
        superuser: bool = False,
        uid: int = ADMIN,
        billed: list[tuple[str, int, int]] | None = None,
    ) -> None:
        self.registry = registry
        self.version = registry.version
        self.tx = tx
        self.now = now  # start of the transaction: what Odoo writes into write_date (odoo.md 8.2)
        self.context = dict(context or {})
        self.uid = uid
        self.quirks = quirks  # faults that change what the models answer
        self.superuser = superuser
        self.billed = billed if billed is not None else []  # what code did: call, records, moves (costs.py)
        self._watch = watch
        self._models: dict[str, Model] = {}

    def again(self, context: Mapping[str, Any], *, superuser: bool | None = None) -> Env:
        """The same transaction seen with another context, or past the user's rights."""
        return Env(
            self.registry,
            self.tx,
            now=self.now,
            context=context,
            watch=self._watch,
            quirks=self.quirks,
            superuser=self.superuser if superuser is None else superuser,
            uid=self.uid,
            billed=self.billed,
        )

    def bill(self, call: str, args: Sequence[Any]) -> None:
        """Note a call of code that runs inside, for what it costs."""
        subject = args[0] if args else []
        records = len(subject) if isinstance(subject, list) else 1
        moves = 0
        if call == "stock.picking.create":
            listed = subject if isinstance(subject, list) else [subject]
            moves = sum(len(vals.get("move_ids") or ()) for vals in listed)
        elif call == "stock.picking.button_validate":
            moves = len(self.tx.matching("stock.move", "picking_id", as_ids(subject)))
        self.billed.append((call, records, moves))

    def __getitem__(self, name: str) -> Model:
        model = self._models.get(name)
        if model is None:
            model = self._models[name] = self.registry.models[name](self)
        return model

    def of(self, kind: type[_M]) -> _M:
        """The model of that class, typed."""
        model = self[kind.name]
        assert isinstance(model, kind)
        return model

    def field(self, model: str, name: str) -> Field:
        """A declared field; ValueError when this version has none of that name (odoo.md 3)."""
        field = self.registry.fields[model].get(name)
        if field is None:
            raise ValueError(f"Invalid field {name!r} on model {model!r}")
        return field

    def row(self, model: str, row_id: int) -> Row:
        """A row that must be there."""
        row = self.tx.get(model, row_id)
        if row is None:
            raise MissingError(
                f"Record does not exist or has been deleted.\n(Record: {model}({row_id},), User: {self.uid})"
            )
        return row

    def insert(self, model: str, values: Mapping[str, Any]) -> int:
        """Add a row as given and tell the watcher."""
        row_id = self.tx.database.next_id(model)
        stamps = {"id": row_id, "create_date": self.now, "write_date": self.now}
        self.tx.put(model, row_id, {**values, **stamps})
        if self._watch is not None:
            self._watch(self, model, row_id, None)
        return row_id

    def created_again(self, model: str, row_id: int) -> None:
        """A `create` answered with a row that was there: to the watcher it is a new one."""
        if self._watch is not None:
            self._watch(self, model, row_id, None)

    def store(self, model: str, row_id: int, changes: Mapping[str, Any]) -> None:
        """Change a row and tell the watcher which values are new."""
        row = self.row(model, row_id)
        changed = frozenset(name for name, value in changes.items() if row[name] != value)
        self.tx.put(model, row_id, {**row, **changes, "write_date": self.now})
        if changed and self._watch is not None:
            self._watch(self, model, row_id, changed)

    def delete(self, model: str, row_id: int) -> None:
        """Remove a row."""
        self.tx.put(model, row_id, None)
