"""How a model declares its fields, and how values enter and leave them (types of Odoo's external API)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

FieldType = Literal[
    "char",
    "text",
    "integer",
    "float",
    "boolean",
    "datetime",
    "selection",
    "many2one",
    "one2many",
    "many2many",
]
X2MANY = frozenset({"one2many", "many2many"})
_TEXT = frozenset({"char", "text", "selection"})


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field. `compute` names the method that gives it; `since` and `until` are Odoo series."""

    type: FieldType
    relation: str = ""
    inverse: str = ""  # of a one2many: the many2one on the other side
    required: bool = False
    default: Any = None
    selection: tuple[str, ...] = ()
    compute: str = ""
    index: bool = False
    since: int = 0
    until: int = 99

    @property
    def stored(self) -> bool:
        """Whether rows hold a value of this field."""
        return not self.compute and self.type != "one2many"

    def initial(self) -> Any:
        """The value of a new row for which the caller gave none."""
        if self.default is not None:
            return list(self.default) if self.type == "many2many" else self.default
        if self.type == "many2many":
            return []
        if self.type == "integer":
            return 0
        if self.type == "float":
            return 0.0
        return False


def utc_text(moment: datetime, *, micros: bool = False) -> str:
    """An instant as Odoo writes it, in UTC: seconds over RPC, microseconds in webhooks (odoo.md 8.1)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f" if micros else "%Y-%m-%d %H:%M:%S")


def parse_instant(value: Any) -> datetime | Literal[False]:
    """An instant from RPC text; ValueError like the real server when it is none."""
    if value in (False, None, ""):
        return False
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)


def clean(model: str, name: str, field: Field, value: Any) -> Any:
    """A value from the wire as a row keeps it. Raises ValueError for a wrong selection or type."""
    kind = field.type
    if kind == "many2one":
        if value in (False, None, 0):
            return False
        if isinstance(value, list | tuple):
            value = value[0]
        return int(value)
    if kind == "boolean":
        return bool(value)
    if kind == "float":
        return float(value or 0.0)
    if kind == "integer":
        return int(value or 0)
    if kind == "datetime":
        return parse_instant(value)
    if kind in _TEXT:
        if value in (False, None, ""):
            return False
        text = str(value)
        if kind == "selection" and field.selection and text not in field.selection:
            raise ValueError(f"Wrong value for {model}.{name}: {text!r}")
        return text
    return value
