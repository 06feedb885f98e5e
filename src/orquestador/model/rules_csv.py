"""Rules as a table (CSV), for spreadsheets: read with every row's problems named, and written so that reading
it again changes nothing.

    channel,seller_sku,erp_sku,publish,buffer,cap,share,fixed,allow_oversell,freeze

A row is a rule; seller SKU `*` is the channel's own. An empty cell says nothing (the next level counts), a
column that is missing leaves that field as it is. `;` and tabs separate as well, `0,5` and `50%` are shares.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orquestador.model.rules import (
    CHANNEL_WIDE,
    UNITS_MAX,
    Auto,
    Freeze,
    Lifted,
    RuleFields,
    StoredRule,
    is_share,
)

HEADER = (
    "channel",
    "seller_sku",
    "erp_sku",
    "publish",
    "buffer",
    "cap",
    "share",
    "fixed",
    "allow_oversell",
    "freeze",
)
WIDE = "*"
SKU_MAX = 200
CELL_SHOWN = 80
_ALIASES = {"canal": "channel", "sku": "seller_sku", "default_code": "erp_sku"}
_YES = frozenset(("yes", "y", "si", "sí", "s", "true", "verdadero", "1", "x"))
_NO = frozenset(("no", "n", "false", "falso", "0"))
_LIFTED = frozenset(("none", "no", "sin", "ninguno", "-"))


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a row cannot be taken: line of the file (the header is 1), column, code of the texts, the cell."""

    row: int
    column: str
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row whose cells could be read. `values` has the fields of the columns that the file has; a freeze is
    True, or its reason."""

    row: int
    channel: str
    ref: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a row would change: field -> (before, after) as cells of a file."""

    row: int
    channel: str
    sku: str
    fields: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ImportReport:
    rows: int = 0
    changes: Sequence[RowChange] = ()
    unchanged: int = 0
    conflicts: Sequence[Conflict] = ()
    applied: int = 0
    """Rows whose change is stored."""


@dataclass(slots=True)
class Parsed:
    rows: list[Row] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def decode(content: bytes) -> str:
    """UTF-8 with or without a mark, else what Excel in Spanish writes (Windows-1252). ValueError for bytes
    that are neither."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def parse(text: str, *, only_channel: str | None = None) -> Parsed:
    """Every row, or why not; `only_channel` is meant where no channel is named."""
    text = text.removeprefix("\ufeff")
    if text[:4].lower() == "sep=":
        text = text.partition("\n")[2]
    first = text.split("\n", 1)[0]
    delimiter = max(";\t,", key=first.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    parsed = Parsed()
    try:
        header = [_ALIASES.get(name, name) for cell in next(table, []) for name in [cell.strip().lower()]]
        if not _known(header, parsed):
            return parsed
        for cells in table:
            if any(cell.strip() for cell in cells):
                _read(header, cells, table.line_num, parsed, only_channel)
    except csv.Error as error:
        parsed.conflicts.append(Conflict(table.line_num, "", "not_csv", str(error)))
    _no_twins(parsed)
    return parsed


def _known(header: Sequence[str], parsed: Parsed) -> bool:
    """False when nothing can be read under this header."""
    for name in header:
        if name not in HEADER:
            parsed.conflicts.append(Conflict(1, name[:CELL_SHOWN], "unknown_column", name[:CELL_SHOWN]))
        elif header.count(name) > 1:
            parsed.conflicts.append(Conflict(1, name, "column_twice", name))
            return False
    if "seller_sku" not in header:
        parsed.conflicts.append(Conflict(1, "seller_sku", "column_missing"))
        return False
    return True


def _read(
    header: Sequence[str], row: Sequence[str], line: int, parsed: Parsed, only_channel: str | None
) -> None:
    if any(cell.strip() for cell in row[len(header) :]):
        # `0,5` between commas: whatever is behind it stands in the wrong column.
        parsed.conflicts.append(Conflict(line, "", "too_many_cells", str(len(row))))
        return
    cells = dict(zip(header, [*row, *[""] * len(header)], strict=False))
    bad: list[Conflict] = []

    def cell(name: str) -> str:
        return (cells.get(name) or "").strip()

    channel, ref = cell("channel") or only_channel or "", cell("seller_sku")
    if not channel:
        bad.append(Conflict(line, "channel", "missing"))
    if not ref:
        bad.append(Conflict(line, "seller_sku", "missing"))
    elif not is_sku(ref):
        bad.append(Conflict(line, "seller_sku", "not_a_sku", ref[:CELL_SHOWN]))
    values: dict[str, object] = {}
    for name, (read, code) in _CELLS.items():
        if name not in cells:
            continue
        text = cell(name)
        try:
            values[name] = read(text) if text else None
        except ValueError:
            bad.append(Conflict(line, name, code, text[:CELL_SHOWN]))
    if ref == WIDE and values.get("erp_sku"):
        bad.append(Conflict(line, "erp_sku", "mapping_of_channel", cell("erp_sku")[:CELL_SHOWN]))
    if bad:
        parsed.conflicts += bad
    else:
        parsed.rows.append(Row(line, channel, CHANNEL_WIDE if ref == WIDE else ref, values))


def _no_twins(parsed: Parsed) -> None:
    """Which of two rows about one offer is meant cannot be known."""
    times = Counter((row.channel, row.ref) for row in parsed.rows)
    twins = [row for row in parsed.rows if times[row.channel, row.ref] > 1]
    parsed.conflicts += [Conflict(r.row, "seller_sku", "duplicate_row", r.ref or WIDE) for r in twins]
    parsed.rows = [row for row in parsed.rows if times[row.channel, row.ref] == 1]
    parsed.conflicts.sort(key=lambda c: c.row)


def is_sku(text: str) -> bool:
    return 0 < len(text) <= SKU_MAX and text.isprintable()


def _sku(text: str) -> str:
    if not is_sku(text):
        raise ValueError(text)
    return text


def _flag(text: str) -> bool:
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(text)


def _units(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > UNITS_MAX or len(text) > 9:
        raise ValueError(text)
    return int(text)


def _units_or_auto(text: str) -> int | Auto:
    return Auto.AUTO if text.lower() == Auto.AUTO.value else _units(text)


def _units_or_lifted(text: str) -> int | Lifted:
    return Lifted.NONE if text.lower() in _LIFTED else _units(text)


def share(text: str) -> float:
    """`0.5`, `0,5` or `50%`. ValueError for anything else, or outside 0 to 1."""
    number = text.replace(",", ".").strip()
    value = float(number[:-1]) / 100 if number.endswith("%") else float(number)
    if not is_share(value):
        raise ValueError(text)
    return value


def _freeze(text: str) -> bool | str | None:
    """`yes`, `yes: why`, `no`."""
    word, colon, reason = text.partition(":")
    frozen = _flag(word.strip())
    if not frozen:
        return None
    return reason.strip()[:500] if colon and reason.strip() else True


_CELLS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "erp_sku": (_sku, "not_a_sku"),
    "publish": (_flag, "not_a_flag"),
    "buffer": (_units_or_auto, "not_units"),
    "cap": (_units_or_lifted, "not_units"),
    "share": (share, "not_a_share"),
    "fixed": (_units_or_lifted, "not_units"),
    "allow_oversell": (_flag, "not_a_flag"),
    "freeze": (_freeze, "not_a_freeze"),
}


def fields_after(row: Row, before: RuleFields, now: float, by: str) -> RuleFields:
    """The rule as the row says it; a freeze that holds already keeps its instant."""
    values = dict(row.values)
    if "freeze" in values:
        said, held = values["freeze"], before.freeze
        reason = said if isinstance(said, str) else None
        same = held is not None and (reason is None or reason == held.reason)
        values["freeze"] = None if said is None else held if same else Freeze(now, by, reason)
    return replace(before, **values)  # type: ignore[arg-type]


def to_csv(rules: Iterable[StoredRule]) -> str:
    """The table of these rules."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(HEADER)
    for rule in rules:
        cells = [cell_of(getattr(rule.fields, name)) for name in HEADER[2:]]
        table.writerow([rule.channel, rule.ref or WIDE, *cells])
    return out.getvalue()


def cell_of(value: object) -> str:
    """A field as it stands in a file."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Freeze(reason=reason):
            return f"yes: {reason}" if reason else "yes"
        case Lifted() | Auto():
            return value.value
        case _:
            return str(value)
