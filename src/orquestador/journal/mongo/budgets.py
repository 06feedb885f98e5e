"""The buckets that pay for calls: every change is compare-and-set on the bucket's own revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pymongo.errors import DuplicateKeyError

from orquestador.journal.codec import decode_budget, encode_budget
from orquestador.journal.mongo.store import Store
from orquestador.model.budget import Budget, BudgetSpec, succeeded, take, throttled

Change = Callable[[Budget, float], Budget | None]
"""The bucket after a change at this instant; None = leave it as it is."""


async def budget(store: Store, name: str, spec: BudgetSpec) -> Budget:
    """The bucket refilled to now; a full one when it was never used."""
    known, now, _ = await _read(store, name, spec)
    return known.refill(spec, now)


async def update(store: Store, name: str, spec: BudgetSpec, *, slower: bool) -> Budget:
    def change(known: Budget, now: float) -> Budget:
        known = known.refill(spec, now)
        return throttled(known, now) if slower else succeeded(known, spec)

    changed = await _change(store, name, spec, change)
    assert changed is not None
    return changed


async def pay(store: Store, name: str, spec: BudgetSpec) -> float | None:
    """Take one call durably; or the instant at which one is free, and nothing has changed."""
    retry_at: float | None = None

    def change(known: Budget, now: float) -> Budget | None:
        nonlocal retry_at
        paid, retry_at = take(known, spec, now)
        return paid if retry_at is None else None

    await _change(store, name, spec, change)
    return retry_at


async def give_back(store: Store, name: str, spec: BudgetSpec) -> None:
    """A call that was paid for and will not be made."""

    def change(known: Budget, now: float) -> Budget:
        known = known.refill(spec, now)
        recent = known.recent
        if recent:
            (hour, calls), rest = recent[-1], recent[:-1]
            recent = (*rest, (hour, calls - 1)) if calls > 1 else rest
        return replace(known, tokens=min(float(spec.usable), known.tokens + 1.0), recent=recent)

    await _change(store, name, spec, change)


async def _change(store: Store, name: str, spec: BudgetSpec, change: Change) -> Budget | None:
    while True:
        known, now, rev = await _read(store, name, spec)
        changed = change(known, now)
        if changed is None:
            return None
        doc = encode_budget(changed)
        if rev == 0:
            try:
                await store.budgets.insert_one({"_id": name, "rev": 1, "doc": doc})
            except DuplicateKeyError:
                continue
            return changed
        update_ = {"$set": {"rev": rev + 1, "doc": doc}}
        if (await store.budgets.update_one({"_id": name, "rev": rev}, update_)).matched_count:
            return changed


async def _read(store: Store, name: str, spec: BudgetSpec) -> tuple[Budget, float, int]:
    """The bucket, the store's now and the bucket's revision (0 = never used)."""
    found = await store.budgets.find_one({"_id": name}, {"doc": 1, "rev": 1, "now": store.now()})
    if found is None:
        now = await store.instant()
        return Budget.full(spec, now), now, 0
    return decode_budget(found["doc"]), float(found["now"]), found["rev"]
