"""What people do with rules: look, change one, freeze, and bring or fetch many as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orquestador.flows import rules
from orquestador.flows.context import Context
from orquestador.model.errors import Unavailable
from orquestador.model.rules import (
    CHANNEL_WIDE,
    NOTHING,
    RuleFields,
    StoredRule,
    changed_names,
    contradiction,
)
from orquestador.model.rules_csv import (
    WIDE,
    Conflict,
    ImportReport,
    Row,
    RowChange,
    cell_of,
    fields_after,
    parse,
    to_csv,
)
from orquestador.model.work import Kind, work_id
from orquestador.ports import ProductProblem, RuleQuery, WorkQuery

PAGE = 500
Change = tuple[Row, StoredRule, RuleFields]


class RuleDesk:
    def __init__(self, context: Context) -> None:
        self._x = context

    @property
    def _only_channel(self) -> str | None:
        channels = list(self._x.channels)
        return channels[0] if len(channels) == 1 else None

    async def put(
        self, channel: str | None, sku: str | None, fields: Mapping[str, object], by: str
    ) -> StoredRule | Conflict:
        """Set these fields of one rule (None: it says nothing there any more); the others stay."""
        place = channel or self._only_channel
        if place is None:
            return Conflict(0, "channel", "missing")
        if place not in self._x.channels:
            return Conflict(0, "channel", "unknown_channel", place)
        sku = None if sku == WIDE else sku
        erp_sku = fields.get("erp_sku")
        if erp_sku is not None:
            if sku is None:
                return Conflict(0, "erp_sku", "mapping_of_channel", str(erp_sku))
            if code := (await self._unknown_products([str(erp_sku)])).get(str(erp_sku)):
                return Conflict(0, "erp_sku", code, str(erp_sku))
        ref = sku or CHANNEL_WIDE
        found = await self._x.journal.rules(place, [ref])
        before = found[0].fields if found else NOTHING
        if twins := contradiction(replace(before, **fields)):  # type: ignore[arg-type]
            return Conflict(0, twins[0], "contradictory", twins[1])
        return await rules.change(
            self._x,
            place,
            ref,
            by,
            lambda old: replace(old, **fields),  # type: ignore[arg-type]
        )

    async def clear(self, channel: str, sku: str | None, by: str) -> StoredRule | None:
        """The rule says nothing any more; a freeze is lifted with it. None = there was none."""
        ref = CHANNEL_WIDE if sku in (None, WIDE) else str(sku)
        found = await self._x.journal.rules(channel, [ref])
        if not found or found[0].is_empty:
            return None
        return await rules.change(self._x, channel, ref, by, lambda _: NOTHING)

    async def freeze(
        self, channel: str | None, sku: str | None, reason: str | None, by: str
    ) -> Sequence[StoredRule]:
        sku = None if sku == WIDE else sku
        return await rules.frozen_by_hand(self._x, channel, sku, reason, by)

    async def unfreeze(self, channel: str | None, sku: str | None, by: str) -> Sequence[StoredRule]:
        sku = None if sku == WIDE else sku
        return await rules.unfrozen_by_hand(self._x, channel, sku, by)

    async def export(self, channel: str | None) -> str:
        found: list[StoredRule] = []
        after: str | None = None
        while True:
            page, after = await self._x.journal.find_rules(
                RuleQuery(channel=channel, limit=PAGE, after=after)
            )
            found += page
            if after is None:
                return to_csv(found)

    async def import_csv(self, text: str, by: str, *, dry_run: bool, skip_conflicts: bool) -> ImportReport:
        """All of it or nothing, unless conflicts are skipped. Raises Unavailable when the ERP cannot say
        whether it has the SKUs of a changed mapping."""
        parsed = parse(text, only_channel=self._only_channel)
        conflicts = [*parsed.conflicts, *self._unknown_channels(parsed.rows)]
        rows = [row for row in parsed.rows if row.channel in self._x.channels]
        read = len(parsed.rows) + len({c.row for c in parsed.conflicts if c.row > 1})
        unknown = await self._unknown_listings(rows)
        conflicts += unknown
        changes, unchanged = await self._changes(rows, by)
        conflicts += [
            Conflict(row.row, twins[0], "contradictory", twins[1])
            for row, _, after in changes
            if (twins := contradiction(after))
        ]
        conflicts += await self._unknown_skus(changes)
        bad = {c.row for c in conflicts}
        good = [change for change in changes if change[0].row not in bad]
        applied = 0
        if not dry_run and (skip_conflicts or not conflicts):
            done = await rules.change_all(self._x, by, [(rule, after) for _, rule, after in good])
            applied = sum(done)
            conflicts += [
                Conflict(row.row, "seller_sku", "changed_meanwhile", row.ref or WIDE)
                for (row, _, _), well in zip(good, done, strict=True)
                if not well
            ]
        return ImportReport(
            rows=read,
            changes=[_shown(*change) for change in good],
            unchanged=unchanged,
            conflicts=sorted(conflicts, key=lambda c: (c.row, c.column)),
            applied=applied,
        )

    def _unknown_channels(self, rows: Sequence[Row]) -> list[Conflict]:
        return [
            Conflict(r.row, "channel", "unknown_channel", r.channel)
            for r in rows
            if r.channel not in self._x.channels
        ]

    async def _unknown_listings(self, rows: Sequence[Row]) -> list[Conflict]:
        """Rows about what their channel does not list; nothing is known of a channel without a catalogue."""
        conflicts = []
        for channel in sorted({row.channel for row in rows}):
            ours = [row for row in rows if row.channel == channel and row.ref != CHANNEL_WIDE]
            some, _ = await self._x.journal.find(WorkQuery(kind=Kind.LISTING, channel=channel, limit=1))
            for start in range(0, len(ours) if some else 0, PAGE):
                page = ours[start : start + PAGE]
                works = await self._x.journal.get([work_id(Kind.LISTING, channel, row.ref) for row in page])
                listed = {work.ref for work in works}
                conflicts += [
                    Conflict(row.row, "seller_sku", "unknown_listing", row.ref)
                    for row in page
                    if row.ref not in listed
                ]
        return conflicts

    async def _changes(self, rows: Sequence[Row], by: str) -> tuple[list[Change], int]:
        """Rows that change something, and how many change nothing."""
        x, now, changes = self._x, self._x.clock.now(), []
        for channel in sorted({row.channel for row in rows}):
            ours = [row for row in rows if row.channel == channel]
            for start in range(0, len(ours), PAGE):
                page = ours[start : start + PAGE]
                stored = {r.ref: r for r in await x.journal.rules(channel, [row.ref for row in page])}
                for row in page:
                    rule = stored.get(row.ref) or StoredRule(channel, row.ref, NOTHING)
                    after = fields_after(row, rule.fields, now, by)
                    if changed_names(rule.fields, after):
                        changes.append((row, rule, after))
        changes.sort(key=lambda change: change[0].row)
        return changes, len(rows) - len(changes)

    async def _unknown_skus(self, changes: Sequence[Change]) -> list[Conflict]:
        asked = [
            (row.row, after.erp_sku)
            for row, rule, after in changes
            if after.erp_sku and after.erp_sku != rule.fields.erp_sku
        ]
        problems = await self._unknown_products(sorted({sku for _, sku in asked}))
        return [
            Conflict(row, "erp_sku", code, sku)
            for row, sku in asked
            if (code := problems.get(sku)) is not None
        ]

    async def _unknown_products(self, skus: Sequence[str]) -> dict[str, str]:
        """Which of these are no usable product of the ERP, and why."""
        if not skus:
            return {}
        if self._x.erp is None:
            raise Unavailable("no ERP is configured, so it cannot be asked for the SKU of a mapping")
        problems: dict[str, str] = {}
        for start in range(0, len(skus), PAGE):
            page = skus[start : start + PAGE]
            found = await self._x.erp.products(page)
            for sku in page:
                product = found.get(sku, ProductProblem.UNKNOWN)
                if isinstance(product, ProductProblem):
                    unknown = product is ProductProblem.UNKNOWN
                    problems[sku] = "unknown_erp_sku" if unknown else "unusable_erp_sku"
        return problems


def _shown(row: Row, rule: StoredRule, after: RuleFields) -> RowChange:
    return RowChange(
        row.row,
        row.channel,
        row.ref or WIDE,
        {
            name: (cell_of(getattr(rule.fields, name)), cell_of(getattr(after, name)))
            for name in changed_names(rule.fields, after)
        },
    )
