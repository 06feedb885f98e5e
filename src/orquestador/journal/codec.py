"""Documents as JSON text: one form for every engine that stores text or bytes.

Whatever is encoded here can be decoded again, or the encoding fails with ValueError: a journal never holds
what cannot be read.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from orquestador.model.budget import Budget
from orquestador.model.orders import ManualMovement, Order
from orquestador.model.rules import StoredRule
from orquestador.model.stock import Job, Listing
from orquestador.model.work import Doc, Kind
from orquestador.ports import Process

_DOCS: dict[Kind, TypeAdapter[Any]] = {
    Kind.ORDER: TypeAdapter(Order),
    Kind.LISTING: TypeAdapter(Listing),
    Kind.MOVEMENT: TypeAdapter(ManualMovement),
}
_JOB = TypeAdapter(Job)
_BUDGET = TypeAdapter(Budget)
_PROCESS = TypeAdapter(Process)
_RULE = TypeAdapter(StoredRule)


def _encode(adapter: TypeAdapter[Any], value: object) -> str:
    encoded = adapter.dump_json(value)
    adapter.validate_json(encoded)
    return encoded.decode()


def encode_doc(kind: Kind, doc: Doc) -> str:
    return _encode(_DOCS[kind], doc)


def decode_doc(kind: Kind, text: str) -> Doc:
    doc: Doc = _DOCS[kind].validate_json(text)
    return doc


def encode_job(job: Job) -> str:
    return _encode(_JOB, job)


def decode_job(text: str) -> Job:
    return _JOB.validate_json(text)


def encode_budget(budget: Budget) -> str:
    return _encode(_BUDGET, budget)


def decode_budget(text: str) -> Budget:
    return _BUDGET.validate_json(text)


def encode_process(process: Process) -> str:
    return _encode(_PROCESS, process)


def decode_process(text: str) -> Process:
    return _PROCESS.validate_json(text)


def encode_rule(rule: StoredRule) -> str:
    """Without its `rev`, which stands beside it."""
    return _encode(_RULE, replace(rule, rev=0))


def decode_rule(text: str, rev: int) -> StoredRule:
    return replace(_RULE.validate_json(text), rev=rev)


NOTHING = "null"
"""The text of None."""


def encode_value(value: object) -> str:
    """A small fact; TypeError when it is not made of JSON's own types."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def decode_value(text: str) -> object:
    value: object = json.loads(text)
    return value
