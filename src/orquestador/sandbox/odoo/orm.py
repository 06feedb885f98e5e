"""A small ORM: what every model answers (create, read, search, write, unlink), on top of declared fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from orquestador.sandbox.odoo import companies
from orquestador.sandbox.odoo import domain as domains
from orquestador.sandbox.odoo.env import COMMON, Env, as_ids, public
from orquestador.sandbox.odoo.errors import ValidationError
from orquestador.sandbox.odoo.fields import X2MANY, Field, clean, utc_text

Values = dict[str, Any]
Commands = list[Any]


class Model:
    """Base of all models; they declare fields and override `new`, `change`, `remove` where Odoo does more."""

    name: ClassVar[str]
    fields: ClassVar[dict[str, Field]] = {}
    order: ClassVar[str] = "id"
    parent: ClassVar[str] = ""
    unique: ClassVar[tuple[tuple[str, ...], ...]] = ()
    first_id: ClassVar[int] = 1

    def __init__(self, env: Env) -> None:
        self.env = env

    @property
    def declared(self) -> dict[str, Field]:
        """The fields of this model in the version that runs."""
        return self.env.registry.fields[self.name]

    # -- what RPC can call ---------------------------------------------------------------------------------

    @public(writes=True)
    def create(self, vals_list: Any) -> Any:
        """Create one record from a dict, or several from a list; all or nothing."""
        if isinstance(vals_list, Mapping):
            return self.new(dict(vals_list))
        return [self.new(dict(vals)) for vals in vals_list]

    @public(writes=True)
    def write(self, ids: Any, vals: Values) -> bool:
        """Change records; MissingError if one is not there."""
        listed = as_ids(ids)
        for row_id in listed:
            self.env.row(self.name, row_id)
        self.change(listed, dict(vals))
        return True

    @public(writes=True)
    def unlink(self, ids: Any) -> bool:
        """Delete records; those already gone are no error."""
        self.remove([row_id for row_id in as_ids(ids) if self.env.tx.get(self.name, row_id) is not None])
        return True

    @public()
    def search(
        self, domain: Sequence[Any] = (), offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        """Ids in order; archived ones only with `active_test` off or an explicit condition."""
        found = self.sorted(companies.visible(self.env, self.name, self.select(domain)), order or self.order)
        return found[offset or 0 : None if not limit else (offset or 0) + limit]

    @public()
    def search_count(self, domain: Sequence[Any] = (), limit: int | None = None) -> int:
        """How many records match."""
        found = len(companies.visible(self.env, self.name, self.select(domain)))
        return min(found, limit) if limit else found

    @public()
    def read(
        self, ids: Any, fields: Sequence[str] | None = None, load: str | None = "_classic_read"
    ) -> list[Values]:
        """Values of the records that exist; an unknown id is left out, an unknown field is a ValueError."""
        names = list(fields) if fields else list(self.declared)
        declared = {name: self.env.field(self.name, name) for name in dict.fromkeys(["id", *names])}
        listed = [row_id for row_id in as_ids(ids) if self.env.tx.get(self.name, row_id) is not None]
        companies.check(self.env, self.name, listed)
        columns = {name: self.values_of(listed, name) for name in declared}
        return [
            {name: self._shown(field, columns[name][row_id], load) for name, field in declared.items()}
            for row_id in listed
        ]

    @public()
    def search_read(
        self,
        domain: Sequence[Any] | None = None,
        fields: Sequence[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: str | None = "_classic_read",
    ) -> list[Values]:
        """`search` and `read` in one call."""
        return self.read(self.search(domain or [], offset, limit, order), fields, load)

    @public()
    def name_search(
        self, name: str = "", args: Sequence[Any] | None = None, operator: str = "ilike", limit: int = 100
    ) -> list[list[Any]]:
        """`[id, display_name]` of the records whose name matches."""
        found = self.search([("display_name", operator, name), *(args or [])], 0, limit)
        names = self.display_names(found)
        return [[row_id, names[row_id]] for row_id in found]

    @public()
    def fields_get(
        self, allfields: Sequence[str] | None = None, attributes: Sequence[str] | None = None
    ) -> dict[str, Values]:
        """The description of the fields, as clients such as odoorpc build their classes from it."""
        found: dict[str, Values] = {}
        for name, field in self.declared.items():
            if allfields and name not in allfields:
                continue
            about: Values = {
                "name": name,
                "type": field.type,
                "string": name.replace("_", " ").title(),
                "required": field.required,
                "readonly": bool(field.compute) or name in COMMON,
                "store": field.stored,
                "searchable": True,
                "sortable": field.stored,
                "help": False,
            }
            if field.relation:
                about |= {"relation": field.relation, "domain": [], "context": {}}
            if field.inverse:
                about["relation_field"] = field.inverse
            if field.type == "selection":
                about["selection"] = [
                    [choice, choice.replace("_", " ").title()] for choice in field.selection
                ]
            found[name] = {key: about[key] for key in about if not attributes or key in attributes}
        return found

    @public()
    def check_access_rights(self, operation: str, raise_exception: bool = True) -> bool:
        """The sandbox user may do everything, as the administrator of a real database."""
        return True

    @public()
    def has_access(self, ids: Any, operation: str) -> bool:
        """The name of the access check since 18."""
        return True

    # -- what the models use -------------------------------------------------------------------------------

    def new(self, vals: Values) -> int:
        """Create one record."""
        row, commands = self._split(vals)
        values = {name: field.initial() for name, field in self.declared.items() if field.stored}
        values |= row
        for name, field in self.declared.items():
            if field.required and field.stored and values[name] is False:
                raise ValidationError(
                    f"The operation cannot be completed: missing required field {name!r} ({self.name})."
                )
        self._check_unique(None, values)
        row_id = self.env.insert(self.name, values)
        for name, listed in commands.items():
            self.command(row_id, name, listed)
        return row_id

    def change(self, ids: list[int], vals: Values) -> None:
        """Change records that exist."""
        row, commands = self._split(vals)
        for row_id in ids:
            if row:
                self._check_unique(row_id, {**self.env.row(self.name, row_id), **row})
                self.env.store(self.name, row_id, row)
            for name, listed in commands.items():
                self.command(row_id, name, listed)

    def check_names(self, names: Iterable[str]) -> None:
        """ValueError when one of `names` is no field of this model."""
        for name in names:
            self.env.field(self.name, name)

    def remove(self, ids: list[int]) -> None:
        """Delete records that exist."""
        for row_id in ids:
            self.env.delete(self.name, row_id)

    def command(self, row_id: int, name: str, commands: Commands) -> None:
        """Apply the x2many commands (0 create, 1 update, 2 delete, 3 unlink, 4 link, 5 clear, 6 set)."""
        field = self.declared[name]
        other = self.env[field.relation]
        for entry in commands:
            code, target, extra = [*(entry if isinstance(entry, list | tuple) else (4, entry)), None, None][
                :3
            ]
            if code == 1:
                other.write([target], extra)
            elif code == 2:
                other.unlink([target])
            elif field.type == "one2many":
                self._command_one2many(row_id, field, other, code, target, extra)
            else:
                linked = list(self.env.row(self.name, row_id)[name])
                if code == 0:
                    linked.append(other.new(dict(extra)))
                elif code == 3:
                    linked = [item for item in linked if item != target]
                elif code == 4 and target not in linked:
                    linked.append(int(target))
                elif code in (5, 6):
                    linked = as_ids(extra) if code == 6 else []
                self.env.store(self.name, row_id, {name: linked})

    def _command_one2many(
        self, row_id: int, field: Field, other: Model, code: int, target: Any, extra: Any
    ) -> None:
        if code == 0:
            other.new({field.inverse: row_id, **dict(extra)})
        elif code == 3:
            other.change([target], {field.inverse: False})
        elif code == 4:
            other.change([target], {field.inverse: row_id})
        elif code in (5, 6):
            kept = set(as_ids(extra) if code == 6 else [])
            other.remove([item for item in other.select([(field.inverse, "=", row_id)]) if item not in kept])
            other.change(sorted(kept), {field.inverse: row_id})

    def select(self, domain: Sequence[Any]) -> set[int]:
        """The matching ids, in no order."""
        node = domains.parse(list(domain))
        if (
            "active" in self.declared
            and self.env.context.get("active_test", True)
            and not domains.mentions(node, "active")
        ):
            node = domains.All((node, domains.Leaf("active", "=", True)))
        return domains.select(self.env, self.name, node)

    def sorted(self, ids: Iterable[int], order: str) -> list[int]:
        """Ids by an `order` text such as "name desc, id"; empty values last, as in PostgreSQL."""
        found = sorted(ids)
        for term in reversed([part.split() for part in order.split(",") if part.strip()]):
            name, descending = term[0], len(term) > 1 and term[1].lower() == "desc"
            field = self.env.field(self.name, name)
            values = self.values_of(found, name)
            empties = field.type != "boolean"

            def rank(
                row_id: int, values: Mapping[int, Any] = values, empties: bool = empties
            ) -> tuple[bool, Any]:
                value = values[row_id]
                empty = empties and value is False
                return (empty, 0 if empty else value)

            found.sort(key=rank, reverse=descending)
        return found

    def values_of(self, ids: Iterable[int], name: str) -> Mapping[int, Any]:
        """The value of one field for each id: from the row, the other side, or its computation."""
        field = self.env.field(self.name, name)
        listed = list(ids)
        if field.compute:
            compute: Callable[[list[int], str], Mapping[int, Any]] = getattr(self, field.compute)
            return compute(listed, name)
        if field.type == "one2many":
            other = self.env[field.relation]
            return {
                row_id: other.sorted(other.select([(field.inverse, "=", row_id)]), other.order)
                for row_id in listed
            }
        if name == "id":
            return {row_id: row_id for row_id in listed}
        return {row_id: self.env.row(self.name, row_id)[name] for row_id in listed}

    def display_names(self, ids: Iterable[int]) -> dict[int, str]:
        """What many2one fields show of these records."""
        return {
            row_id: str(row.get("name") or f"{self.name},{row_id}")
            for row_id in ids
            if (row := self.env.tx.get(self.name, row_id)) is not None
        }

    def _display_names(self, ids: list[int], name: str) -> Mapping[int, Any]:
        return self.display_names(ids)

    def ids_named(self, text: str, op: str) -> list[int]:
        """The records that a text stands for when it is compared with a many2one."""
        names = self.display_names(self.env.tx.ids(self.name))
        if op == "=":
            return [row_id for row_id, shown in names.items() if shown == text]
        pattern = domains.like(text, op)
        return [row_id for row_id, shown in names.items() if pattern.search(shown)]

    def tree(self, roots: Iterable[int], op: str = "child_of") -> set[int]:
        """The roots and everything below them (or above, with parent_of)."""
        found: set[int] = set()
        pending = list(roots)
        while pending:
            row_id = pending.pop()
            row = self.env.tx.get(self.name, row_id)
            if row_id in found or row is None:
                continue
            found.add(row_id)
            if not self.parent:
                continue
            if op == "parent_of":
                pending += [row[self.parent]] if row[self.parent] else []
            else:
                pending += [
                    other
                    for other in self.env.tx.ids(self.name)
                    if self.env.row(self.name, other)[self.parent] == row_id
                ]
        return found

    def _split(self, vals: Values) -> tuple[Values, dict[str, Commands]]:
        row: Values = {}
        commands: dict[str, Commands] = {}
        for name, value in vals.items():
            field = self.env.field(self.name, name)
            if field.type in X2MANY:
                commands[name] = list(value or [])
            elif field.stored and name not in COMMON:
                row[name] = clean(self.name, name, field, value)
        return row, commands

    def _check_unique(self, row_id: int | None, values: Values) -> None:
        for key in self.unique:
            if any(values[name] is False for name in key):
                continue
            twins = self.env.tx.matching(self.name, key[0], [values[key[0]]]) - {row_id or 0}
            if any(
                all(self.env.row(self.name, twin)[name] == values[name] for name in key[1:]) for twin in twins
            ):
                raise ValidationError(
                    f"The operation cannot be completed: {', '.join(key)} must be unique ({self.name})."
                )

    def _shown(self, field: Field, value: Any, load: str | None) -> Any:
        if field.type == "many2one" and value:
            if load != "_classic_read":
                return value
            return [value, self.env[field.relation].display_names([value]).get(value, "")]
        if field.type == "datetime" and value:
            return utc_text(value)
        if field.type in X2MANY:
            return list(value)
        return value
