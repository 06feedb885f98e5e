"""Rules of channels and offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import InsertOne, UpdateOne

from orquestador.journal.codec import decode_rule, encode_rule
from orquestador.journal.mongo.errors import DUPLICATE_KEY
from orquestador.journal.mongo.store import Doc, Store, bulk
from orquestador.journal.rules import after_rule, rule_cursor
from orquestador.model.rules import StoredRule
from orquestador.ports import RuleQuery

SHOWN = {"rev": 1, "doc": 1}
IN_ORDER = [("channel", 1), ("ref", 1)]


def rule_id(channel: str, ref: str) -> str:
    # A channel's id is ours and has no NUL, whatever is in the ref.
    return f"{channel}\0{ref}"


def rule_fields(rule: StoredRule) -> Doc:
    """The document without its id and rev; what is not there is found by nothing."""
    fields: Doc = {
        "channel": rule.channel,
        "ref": rule.ref,
        "frozen": rule.fields.freeze is not None,
        "empty": rule.is_empty,
        "doc": encode_rule(rule),
    }
    if rule.fields.erp_sku is not None:
        fields["erp_sku"] = rule.fields.erp_sku
    if rule.tell_at is not None:
        fields["tell_at"] = rule.tell_at
    return fields


async def of_refs(store: Store, channel: str, refs: Sequence[str]) -> list[StoredRule]:
    found = store.rules.find({"_id": {"$in": [rule_id(channel, ref) for ref in refs]}}, SHOWN)
    return [_rule(row) for row in await found.batch_size(1000).to_list()]


async def save(store: Store, rules: Sequence[tuple[StoredRule, Doc]]) -> list[bool]:
    """Each with its fields. One bulk for all; which of them were stored is read again by the new rev and
    document, because a bulk does not say which update matched."""
    if not rules:
        return []
    operations: list[Any] = []
    for rule, fields in rules:
        id_ = rule_id(rule.channel, rule.ref)
        if rule.rev == 0:
            operations.append(InsertOne({"_id": id_, "rev": 1, **fields}))
        else:
            gone = {name: "" for name in ("erp_sku", "tell_at") if name not in fields}
            change: Doc = {"$set": {"rev": rule.rev + 1, **fields}}
            if gone:
                change["$unset"] = gone
            operations.append(UpdateOne({"_id": id_, "rev": rule.rev}, change))
    stored = [True] * len(rules)
    matched, errors = await bulk(store.rules, operations)
    for at, error in errors.items():
        if error["code"] != DUPLICATE_KEY:
            raise ValueError(f"a rule cannot be stored (code {error['code']})")
        stored[at] = False
    if matched < sum(stored):
        ids = [rule_id(rule.channel, rule.ref) for rule, _ in rules]
        found = store.rules.find({"_id": {"$in": ids}}, SHOWN)
        now = {row["_id"]: (row["rev"], row["doc"]) for row in await found.batch_size(1000).to_list()}
        stored = [
            well and now.get(id_) == (rule.rev + 1, fields["doc"])
            for well, id_, (rule, fields) in zip(stored, ids, rules, strict=True)
        ]
    return stored


async def find(store: Store, query: RuleQuery) -> tuple[list[StoredRule], str | None]:
    """A page by channel and ref, and the cursor of the next. ValueError for a cursor that is not ours."""
    wanted: Doc = {"empty": False}
    every: list[Doc] = []
    if query.after is not None:
        channel, ref = after_rule(query.after)
        every.append({"$or": [{"channel": {"$gt": channel}}, {"channel": channel, "ref": {"$gt": ref}}]})
    if query.channel is not None:
        wanted["channel"] = query.channel
    if query.sku is not None:
        every.append({"$or": [{"ref": query.sku}, {"erp_sku": query.sku}]})
    if query.frozen:
        wanted["frozen"] = True
    if every:
        wanted["$and"] = every
    hint = None if query.sku is not None else "in_order"
    found = store.rules.find(wanted, SHOWN, hint=hint).sort(IN_ORDER).limit(query.limit + 1)
    page = [_rule(row) for row in await found.batch_size(query.limit + 2).to_list()]
    if len(page) <= query.limit:
        return page, None
    return page[: query.limit], rule_cursor(page[query.limit - 1])


async def to_tell(store: Store, limit: int) -> list[StoredRule]:
    due = {"tell_at": {"$gte": 0.0}, "$expr": {"$lte": ["$tell_at", store.now()]}}
    found = store.rules.find(due, SHOWN).sort("tell_at", 1).limit(limit)
    return [_rule(row) for row in await found.batch_size(limit + 1).to_list()]


async def unproven_orders(store: Store, skus: Sequence[str]) -> list[str]:
    missing = [{"unproven": {"$gt": 0}}, {"held": {"$gt": 0}}]
    asked = {
        "units.sku": {"$in": list(skus)},
        "units": {"$elemMatch": {"sku": {"$in": list(skus)}, "$or": missing}},
    }
    found = store.work.find(asked, {"_id": 1}, hint="units")
    return [row["_id"] for row in await found.batch_size(1000).to_list()]


def _rule(row: Doc) -> StoredRule:
    return decode_rule(row["doc"], row["rev"])
