"""Rules in force: read fresh for every batch, changed by people, and told to those whom they concern.

A change and the instant at which it is to be told are one write. The marks follow, and only then the rule
says that it was told: a process that dies in between leaves it to whoever looks next (`RuleTeller`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from orquestador.flows.autobuffer import buffers
from orquestador.flows.context import ORDERS_LANE, Context, stock_lane
from orquestador.flows.walk import all_listings
from orquestador.model.logs import LogStatus
from orquestador.model.rules import (
    CHANNEL_WIDE,
    NOTHING,
    Effective,
    Freeze,
    RuleFields,
    StoredRule,
    changed_names,
    effective,
    next_rule,
    told,
    with_auto,
)
from orquestador.model.stock import Listing
from orquestador.model.work import Kind, work_id
from orquestador.ports import Mark, RuleQuery

PAGE = 500
CAS_TRIES = 20
LOGGED = 25
"""Changes in one log entry, so that each is found by its SKU and none is cut."""
TELL_EVERY_S = 5.0


async def rules_of(x: Context, channel: str, listings: Sequence[Listing]) -> dict[str, Effective]:
    """What counts for each of these offers of a channel, by ref."""
    refs = [listing.ref for listing in listings]
    stored = {rule.ref: rule.fields for rule in await x.journal.rules(channel, [CHANNEL_WIDE, *refs])}
    wide = stored.get(CHANNEL_WIDE)
    found = {
        listing.ref: effective(
            stored.get(listing.ref),
            wide,
            x.settings.rule_of(channel),
            publish=_by_settings(x, channel, listing),
        )
        for listing in listings
    }
    automatic = {listing.ref: listing.sku for listing in listings if found[listing.ref].buffer_is_auto}
    if automatic:
        by_sku = await buffers(x, channel, set(automatic.values()))
        found |= {ref: with_auto(found[ref], by_sku[sku]) for ref, sku in automatic.items()}
    return found


def _by_settings(x: Context, channel: str, listing: Listing) -> bool:
    return x.settings.publishes(channel, listing.ref) or x.settings.publishes(channel, listing.sku)


async def erp_skus(x: Context, channel: str, skus: Sequence[str]) -> dict[str, str]:
    """The ERP's SKU of each seller SKU that has a mapping."""
    stored = await x.journal.rules(channel, sorted(set(skus))) if skus else []
    return {rule.ref: rule.fields.erp_sku for rule in stored if rule.fields.erp_sku}


async def change(
    x: Context, channel: str, ref: str, by: str, to: Callable[[RuleFields], RuleFields]
) -> StoredRule:
    """The rule after a person's change of its fields; `to` may be called again when somebody was faster."""
    for _ in range(CAS_TRIES):
        found = await x.journal.rules(channel, [ref])
        rule = found[0] if found else StoredRule(channel, ref, NOTHING)
        fields = to(rule.fields)
        if not changed_names(rule.fields, fields):
            return rule
        after = next_rule(rule, fields, x.clock.now(), by)
        if all(await x.journal.save_rules([after])):
            log_changes(x, by, [(rule, after)])
            await tell_now(x, channel, [ref])
            return next(iter(await x.journal.rules(channel, [ref])))
    raise RuntimeError("a rule that others change all the time")


async def change_all(x: Context, by: str, changes: Sequence[tuple[StoredRule, RuleFields]]) -> list[bool]:
    """Many at once, each on the rule as it was read; False where somebody was faster."""
    now, stored = x.clock.now(), []
    for start in range(0, len(changes), PAGE):
        some = changes[start : start + PAGE]
        after = [next_rule(rule, fields, now, by) for rule, fields in some]
        done = await x.journal.save_rules(after)
        stored += done
        pairs = [(some[i][0], rule) for i, rule in enumerate(after) if done[i]]
        log_changes(x, by, pairs)
        for channel in sorted({rule.channel for _, rule in pairs}):
            await tell_now(x, channel, [rule.ref for _, rule in pairs if rule.channel == channel])
    return stored


async def tell_now(x: Context, channel: str, refs: Sequence[str]) -> None:
    """Mark what these changed rules concern; should it fail half-way, `RuleTeller` does it again."""
    await _tell(x, [rule for rule in await x.journal.rules(channel, refs) if rule.tell_at is not None])


async def frozen_by_hand(
    x: Context, channel: str | None, sku: str | None, reason: str | None, by: str
) -> list[StoredRule]:
    """Freeze a channel, or the offers with this seller or ERP SKU on one channel or on all."""
    freeze = Freeze(x.clock.now(), by, reason)

    def freezing(fields: RuleFields) -> RuleFields:
        # Asked again, the first instant stays; a new reason replaces the old.
        held = fields.freeze
        return replace(fields, freeze=freeze if held is None or reason else held)

    return [await change(x, c, ref, by, freezing) for c, ref in await _offers(x, channel, sku)]


async def unfrozen_by_hand(x: Context, channel: str | None, sku: str | None, by: str) -> list[StoredRule]:
    """Lift the freezes of exactly these places; a freeze of the channel goes on holding its offers."""
    lifted = []
    for c, ref in await _offers(x, channel, sku):
        found = await x.journal.rules(c, [ref])
        if found and found[0].fields.freeze is not None:
            lifted.append(await change(x, c, ref, by, lambda fields: replace(fields, freeze=None)))
    return lifted


async def _offers(x: Context, channel: str | None, sku: str | None) -> list[tuple[str, str]]:
    """(channel, ref) of the rules that a person means."""
    channels = [channel] if channel is not None else list(x.channels)
    if sku is None:
        return [(c, CHANNEL_WIDE) for c in channels]
    rows = await x.journal.listings_for([sku])
    rows += await x.journal.get([work_id(Kind.LISTING, c, sku) for c in channels])
    found = {(w.channel, w.ref) for w in rows if w.channel in channels}
    for c in channels:
        page, _ = await x.journal.find_rules(RuleQuery(channel=c, sku=sku, limit=PAGE))
        found |= {(rule.channel, rule.ref) for rule in page}
    # One that is not listed yet is held from its first moment on.
    return sorted(found) or [(c, sku) for c in channels]


class RuleTeller:
    """Marks what changed rules concern and nobody has marked yet."""

    def __init__(self, context: Context) -> None:
        self._x = context

    async def run_once(self) -> float:
        """Tell what is due; returns the seconds until the next look."""
        while rules := await self._x.journal.rules_to_tell(PAGE):
            await _tell(self._x, rules)
        return TELL_EVERY_S


async def _tell(x: Context, rules: Sequence[StoredRule]) -> None:
    if not rules:
        return
    offers = [rule for rule in rules if rule.ref != CHANNEL_WIDE]
    await x.journal.touch([work_id(Kind.LISTING, rule.channel, rule.ref) for rule in offers], "rule")
    for rule in rules:
        if rule.ref == CHANNEL_WIDE:
            await _touch_channel(x, rule.channel)
    await _tell_mappings(x, [rule for rule in offers if rule.was])
    for channel in {rule.channel for rule in rules} & set(x.channels):
        await x.queue.wake(stock_lane(channel), ["rules"])
    now = x.clock.now()
    await x.journal.save_rules([told(rule, now) for rule in rules])


async def _tell_mappings(x: Context, rules: Sequence[StoredRule]) -> None:
    """The offers of both SKUs, and the orders whose units count for the old one."""
    skus = sorted({sku for r in rules for sku in (*r.was, r.ref, r.fields.erp_sku or r.ref)})
    if not skus:
        return
    for start in range(0, len(skus), PAGE):
        some = skus[start : start + PAGE]
        await x.stock_changed(some)
        orders = await x.journal.unproven_orders(some)
        if orders:
            await x.journal.touch(orders, "mapping")
            await x.queue.wake(ORDERS_LANE, orders)
        marks = [Mark(sku, "rule") for sku in some]
        await x.journal.mark(marks)
        await x.wake_stock(marks)


async def _touch_channel(x: Context, channel: str) -> None:
    async for works in all_listings(x.journal, channel):
        await x.journal.touch([w.id for w in works], "rule")


def log_changes(x: Context, by: str, changes: Sequence[tuple[StoredRule, StoredRule]]) -> None:
    """Who changed what, findable by SKU."""
    for start in range(0, len(changes), LOGGED):
        some = changes[start : start + LOGGED]
        x.log(
            "rule.set",
            LogStatus.SUCCESS,
            request={"by": by},
            response={"changed": [_change(before, after) for before, after in some]},
            skus=sorted({s for _, r in some for s in (r.ref, r.fields.erp_sku) if s}),
        )


def _change(before: StoredRule, after: StoredRule) -> Mapping[str, object]:
    names = changed_names(before.fields, after.fields)
    changed = {n: [_plain(getattr(before.fields, n)), _plain(getattr(after.fields, n))] for n in names}
    return {"channel": after.channel, "sku": after.ref or "*", **changed}


def _plain(value: object) -> object:
    return (value.reason or True) if isinstance(value, Freeze) else value
