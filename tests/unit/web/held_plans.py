"""Plans in memory behind the web."""

from __future__ import annotations

from dataclasses import replace

from orquestador.model.plans import Diff, Plan, PlanChanged, Rehearsal, diff_of


class HeldPlans:
    """Implements `web.services.PlanDesk`."""

    def __init__(self) -> None:
        self.kept: dict[str, Plan] = {}
        self.decided: list[tuple[str, str, str]] = []
        self.rehearsal = Rehearsal()

    async def plans(self) -> list[Plan]:
        return list(self.kept.values())

    async def plan(self, plan_id: str) -> Plan | None:
        return self.kept.get(plan_id)

    async def approve(self, plan_id: str, by: str, seen: str | None = None) -> Plan | None:
        plan = self.kept.get(plan_id)
        if plan is None:
            return None
        if seen not in (None, plan.digest):
            raise PlanChanged
        self.decided.append(("approve", plan_id, by))
        return self.kept.pop(plan_id)

    async def reject(self, plan_id: str, by: str) -> Plan | None:
        plan = self.kept.get(plan_id)
        if plan is None:
            return None
        self.decided.append(("reject", plan_id, by))
        self.kept[plan_id] = replace(plan, trip=replace(plan.trip, rejected_at=1.0, rejected_by=by))
        return self.kept[plan_id]

    async def diff(
        self, channel: str | None, sku: str | None, limit: int, after: str | None
    ) -> tuple[list[Diff], str | None]:
        works = [w for plan in self.kept.values() for w in plan.works]
        start = int(after or 0)
        page = works[start : start + limit]
        cursor = str(start + limit) if len(works) > start + limit else None
        return [diff_of(w) for w in page if sku in (None, w.listing.sku)], cursor

    async def rehearse(self, channel: str | None, sku: str | None) -> Rehearsal:
        return self.rehearsal
