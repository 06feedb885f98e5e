"""The collections as tables of a migration: written in batches, read again, and each document compared with
how it would be written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orquestador.journal import transfer
from orquestador.journal.codec import decode_doc, decode_rule
from orquestador.journal.columns import columns_of
from orquestador.journal.mongo.errors import DUPLICATE_KEY
from orquestador.journal.mongo.facts import name_id
from orquestador.journal.mongo.receipts import SIZE_MAX, source_field
from orquestador.journal.mongo.rows import OPEN
from orquestador.journal.mongo.rules import rule_fields, rule_id
from orquestador.journal.mongo.saves import derived
from orquestador.journal.mongo.schema import COUNTERS
from orquestador.journal.mongo.store import Collection, Doc, Store, insert
from orquestador.journal.rules import work_ids
from orquestador.journal.transfer import CounterRow, TableRow
from orquestador.model.errors import MigrationRefused
from orquestador.model.notices import NoticeKind
from orquestador.model.stock import Listing
from orquestador.model.work import Kind, State, Work
from orquestador.ops.mongoread import every
from orquestador.ops.transfer import ODD, Row


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    collection: Collection
    to_doc: Callable[[Any], Doc]
    to_fields: Callable[[Doc], TableRow]
    """What of a document is a row; the document itself is compared with `to_doc` of it."""

    async def write(self, rows: Sequence[Row]) -> None:
        docs = [self._doc(row) for row in rows]
        refused = await insert(self.collection, docs)
        for at, code in refused.items():
            if code != DUPLICATE_KEY:
                raise MigrationRefused("row_refused", table=self.name, id=rows[at].id, detail=f"code {code}")

    def _doc(self, row: Row) -> Doc:
        try:
            return self.to_doc(row.fields)
        except ValueError as error:
            detail = type(error).__name__ if str(error) == "" else str(error).splitlines()[0]
            raise MigrationRefused("row_refused", table=self.name, id=row.id, detail=detail) from error

    def batches(self) -> AsyncIterator[list[Row]]:
        return every(self.collection, self._row)

    def _row(self, doc: Doc) -> Row:
        try:
            fields = self.to_fields(doc)
            well = self.to_doc(fields) == doc
            id_ = fields.shown
        except (LookupError, TypeError, ValueError):
            return Row([], str(doc["_id"]), (ODD,))
        return Row([], id_, fields if well else (*fields, ODD))


def tables(store: Store) -> list[Table | Counters]:
    return [
        Table("receipts", store.receipts, _receipt_doc, _receipt_fields),
        Table("work", store.work, _work_doc, _work_fields),
        Table("names", store.names, _name_doc, _fields_of(transfer.NameRow)),
        Table("jobs", store.jobs, _job_doc, _fields_of(transfer.JobRow, "id")),
        Table("budgets", store.budgets, _budget_doc, _fields_of(transfer.BudgetRow, "name")),
        Table("rules", store.rules, _rule_doc, _fields_of(transfer.RuleRow)),
        Table("meta", store.meta, _meta_doc, _fields_of(transfer.MetaRow, "name")),
        Counters(store.counters),
    ]


def _fields_of(row: Any, key: str = "") -> Callable[[Doc], TableRow]:
    """The fields of this row by their names; `key` is what the document is found by."""

    def fields(doc: Doc) -> TableRow:
        made: TableRow = row(*(doc["_id"] if name == key else doc.get(name) for name in row._fields))
        return made

    return fields


_receipt_named = _fields_of(transfer.ReceiptRow, "id")
_work_fields = _fields_of(transfer.WorkRow, "id")


def _receipt_fields(doc: Doc) -> TableRow:
    return _receipt_named({**doc, "refs": tuple(doc["refs"])})


def _receipt_doc(row: transfer.ReceiptRow) -> Doc:
    fields = row._asdict()
    works = work_ids(NoticeKind(row.kind), row.channel, row.refs, row.id)
    texts = sum(len(text) for text in (*works, *row.refs, row.reason or "", row.event, row.dedupe or ""))
    if len(row.body) + 4 * texts + 64 * len(works) > SIZE_MAX:
        raise ValueError("larger than a document of MongoDB")
    if row.dedupe is None:
        del fields["dedupe"]
    return {"_id": fields.pop("id"), **fields, "refs": list(row.refs), "works": list(works)}


def _work_doc(row: transfer.WorkRow) -> Doc:
    kind = Kind(row.kind)
    decoded = None if row.doc is None else decode_doc(kind, row.doc)
    work = Work(
        id=row.id,
        kind=kind,
        channel=row.channel,
        ref=row.ref,
        state=State(row.state),
        wanted=row.wanted,
        done=row.done,
        rev=row.rev,
        due_at=row.due_at,
        doc=decoded,
    )
    columns = columns_of(work)
    fields = row._asdict()
    del fields["effect_due_at"]
    doc = {"_id": fields.pop("id"), **fields, "lease_until": 0.0}
    doc |= derived(columns, row.effect_due_at, listing=isinstance(decoded, Listing))
    if row.state in OPEN and columns.job_id is None:
        doc["todo"] = True
    return doc


def _name_doc(row: transfer.NameRow) -> Doc:
    return {"_id": name_id(row.channel, row.name), **row._asdict()}


def _job_doc(row: transfer.JobRow) -> Doc:
    fields = row._asdict()
    return {"_id": fields.pop("id"), **fields}


def _budget_doc(row: transfer.BudgetRow) -> Doc:
    return {"_id": row.name, "rev": 1, "doc": row.doc}


def _rule_doc(row: transfer.RuleRow) -> Doc:
    rule = decode_rule(row.doc, row.rev)
    return {"_id": rule_id(row.channel, row.ref), "rev": row.rev, **rule_fields(rule)}


def _meta_doc(row: transfer.MetaRow) -> Doc:
    return {"_id": row.name, "value": row.value}


class Counters:
    """One document."""

    name = "counters"

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def write(self, rows: Sequence[Row]) -> None:
        fields: Doc = {}
        for row in rows:
            assert isinstance(row.fields, CounterRow)
            fields |= _counter_field(row.fields)
        empty: Doc = {"$setOnInsert": {"open": {}, "sources": {}}}
        await self._collection.update_one(COUNTERS, empty, upsert=True)
        await self._collection.update_one(COUNTERS, {"$set": fields})

    async def batches(self) -> AsyncIterator[list[Row]]:
        async for doc in self._collection.find({}):
            try:
                said = _counter_rows(doc)
                well = _counters_doc(said) == doc
            except (AttributeError, LookupError, TypeError):
                said, well = [], False
            rows = [Row([], row.shown, row) for row in said]
            yield rows if well else [*rows, Row([], str(doc["_id"]), (ODD,))]


def _counter_field(row: CounterRow) -> Doc:
    if row.source is None or row.channel is None:
        return {row.name: row.value}
    door = {"n": row.value, "last_at": row.last_at, "source": row.source, "channel": row.channel}
    return {source_field(row.source, row.channel): door}


def _counters_doc(rows: Sequence[CounterRow]) -> Doc:
    doc: Doc = {**COUNTERS, "open": {}, "sources": {}}
    for row in rows:
        for path, value in _counter_field(row).items():
            parent, _, name = path.rpartition(".")
            (doc[parent] if parent else doc)[name] = value
    return doc


def _counter_rows(doc: Doc) -> list[CounterRow]:
    return [
        CounterRow(transfer.SEQ, doc["seq"]),
        CounterRow(transfer.SHRUNK_UNTIL, doc["shrunk_until"]),
        *(
            CounterRow(transfer.RECEIVED, door["n"], door["source"], door["channel"], door["last_at"])
            for door in doc["sources"].values()
        ),
    ]
