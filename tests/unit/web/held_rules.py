"""Rules in memory behind the web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orquestador.model.rules import NOTHING, Freeze, RuleFields, StoredRule
from orquestador.model.rules_csv import Conflict, ImportReport, fields_after, parse, to_csv


class HeldRules:
    """Implements `web.services.RuleDesk`; `by` says who changed what last."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], StoredRule] = {}
        self.refuses: Conflict | None = None

    def _keep(self, channel: str, ref: str, fields: RuleFields, by: str) -> StoredRule:
        rule = StoredRule(channel, ref, fields, 1, 1_800_000_000.0, by)
        self.kept[channel, ref] = rule
        return rule

    def _fields(self, channel: str, ref: str) -> RuleFields:
        return self.kept[channel, ref].fields if (channel, ref) in self.kept else NOTHING

    async def put(
        self, channel: str | None, sku: str | None, fields: Mapping[str, object], by: str
    ) -> StoredRule | Conflict:
        if self.refuses:
            return self.refuses
        place = channel or "falabella", sku or ""
        return self._keep(*place, replace(self._fields(*place), **fields), by)  # type: ignore[arg-type]

    async def clear(self, channel: str, sku: str | None, by: str) -> StoredRule | None:
        if (channel, sku or "") not in self.kept:
            return None
        return self._keep(channel, sku or "", NOTHING, by)

    async def freeze(
        self, channel: str | None, sku: str | None, reason: str | None, by: str
    ) -> Sequence[StoredRule]:
        place = channel or "falabella", sku or ""
        return [self._keep(*place, replace(self._fields(*place), freeze=Freeze(1.5, by, reason)), by)]

    async def unfreeze(self, channel: str | None, sku: str | None, by: str) -> Sequence[StoredRule]:
        place = channel or "falabella", sku or ""
        return [self._keep(*place, replace(self._fields(*place), freeze=None), by)]

    async def export(self, channel: str | None) -> str:
        return to_csv(rule for rule in self.kept.values() if channel in (None, rule.channel))

    async def import_csv(self, text: str, by: str, *, dry_run: bool, skip_conflicts: bool) -> ImportReport:
        parsed = parse(text, only_channel="falabella")
        applied = 0
        if not dry_run and (skip_conflicts or not parsed.conflicts):
            for row in parsed.rows:
                self._keep(row.channel, row.ref, fields_after(row, NOTHING, 0.0, by), by)
                applied += 1
        return ImportReport(rows=len(parsed.rows), conflicts=parsed.conflicts, applied=applied)
