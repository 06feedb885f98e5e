"""What people do with plans: look at what a push would change, and decide about one that the brake holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orquestador.flows.brakes import change_brake, held_works, read_brake, tell_plan
from orquestador.flows.context import Context, stock_lane
from orquestador.flows.numbers import Numbers
from orquestador.model.brakes import Brake, Move, approve, judge, move_of, reject
from orquestador.model.errors import Unavailable, UpstreamError
from orquestador.model.logs import LogStatus
from orquestador.model.plans import Diff, Plan, PlanChanged, Pushed, Rehearsal, change_of, diff_of
from orquestador.model.stock import Listing, WriteMeans
from orquestador.model.work import Kind, Work, work_id
from orquestador.ports import WorkQuery

PAGE = 500
LOGGED = 50


class PlanDesk:
    def __init__(self, context: Context) -> None:
        self._x = context

    async def plans(self) -> list[Plan]:
        """Those that wait for a decision, and those that were rejected and hold still."""
        found = [await self._of(channel) for channel in self._x.channels]
        return [plan for plan in found if plan is not None]

    async def plan(self, plan_id: str) -> Plan | None:
        for channel in self._x.channels:
            trip = (await read_brake(self._x, channel)).trip
            if trip is not None and trip.id == plan_id:
                return await self._of(channel)
        return None

    async def _of(self, channel: str) -> Plan | None:
        trip = (await read_brake(self._x, channel)).trip
        return None if trip is None else Plan(channel, trip, await held_works(self._x, channel, trip))

    async def approve(self, plan_id: str, by: str, seen: str | None = None) -> Plan | None:
        """Send what it holds, for half an hour; the numbers are computed again. `seen`: the digest of the
        plan that the person looked at. None = there is no such plan. Raises PlanChanged."""
        x, plan = self._x, await self.plan(plan_id)
        if plan is None:
            return None
        if seen is not None and seen != plan.digest:
            raise PlanChanged
        changes, now = [change_of(work) for work in plan.works], x.clock.now()
        before, _ = await change_brake(
            x, plan.channel, lambda brake: approve(brake, changes, now) if _holds(brake, plan_id) else brake
        )
        if not _holds(before, plan_id):
            return None
        self._decided(plan, "approved", by)
        await self._wake(plan.channel, [work.id for work in plan.works])
        return plan

    async def reject(self, plan_id: str, by: str) -> Plan | None:
        """What the channel shows stays, until the numbers are no longer dangerous. None = no such plan."""
        x, plan = self._x, await self.plan(plan_id)
        if plan is None:
            return None
        now = x.clock.now()
        _, after = await change_brake(
            x, plan.channel, lambda brake: reject(brake, now, by) if _holds(brake, plan_id) else brake
        )
        if after.trip is None or after.trip.id != plan_id:
            return None
        if plan.trip.rejected_at is None:
            self._decided(plan, "rejected", by)
        return replace(plan, trip=after.trip)

    def _decided(self, plan: Plan, state: str, by: str) -> None:
        x = self._x
        x.log(
            f"plan.{state}",
            LogStatus.SUCCESS,
            request={"by": by, "plan": plan.id},
            response={
                "channel": plan.channel,
                "kind": plan.trip.kind.value,
                "changes": {move.value: n for move, n in plan.changes.items()},
            },
            skus=sorted({work.listing.sku for work in plan.works})[:LOGGED],
        )
        tell_plan(x, plan.channel, plan.id, state)

    async def diff(
        self, channel: str | None, sku: str | None, limit: int, after: str | None
    ) -> tuple[list[Diff], str | None]:
        """A page of what a push would change, by the numbers of the newest look; it may be short without
        being the last."""
        query = WorkQuery(kind=Kind.LISTING, channel=channel, sku=sku, limit=limit, after=after)
        works, cursor = await self._x.journal.find(query)
        return [diff_of(work) for work in works if work.differs], cursor

    async def push(self, channel: str | None, sku: str | None) -> Pushed:
        """Look at these listings now and send what differs, as rules, freezes and brakes allow."""
        due = held = 0
        for name, works in await self._named(channel, sku):
            if self._x.modes.of(name) is None:
                continue
            await self._wake(name, [work.id for work in works])
            due += len(works)
            if plan := await self._of(name):
                held += len({w.id for w in works} & {w.id for w in plan.works})
        return Pushed(due, held)

    async def rehearse(self, channel: str | None, sku: str | None) -> Rehearsal:
        """What `push` would do, by what the ERP and the channels say now; nothing is sent or stored. Raises
        Unavailable when the ERP does not answer."""
        found = Rehearsal()
        for name, works in await self._named(channel, sku):
            diffs: list[Diff] = []
            for start in range(0, len(works), PAGE):
                diffs += await self._computed(name, works[start : start + PAGE], found)
            found.items += diffs
            found.held |= await self._judged(name, diffs)
        return found

    async def _computed(self, name: str, works: Sequence[Work], found: Rehearsal) -> list[Diff]:
        x, channel = self._x, self._x.channels[name]
        if x.erp is None:
            raise Unavailable("no ERP is configured")
        decided = await Numbers(x, x.erp, channel, quiet=True).decide(works)
        if decided.later or any(c.closes is not None for c in decided.candidates):
            raise Unavailable("the ERP does not answer")
        reserved = {c.work.ref: c.reserved for c in decided.candidates}
        rows = [c.work for c in decided.candidates]
        rows += [s.work for s in decided.saves if s.work.listing.why == "observing"]
        found.looked += len(works)
        found.unknown += sum(s.work.reason == "erp_did_not_answer_sku" for s in decided.saves)
        numbers: Mapping[str, int] = {}
        if channel.has_api and rows:
            try:
                numbers = await channel.live([row.ref for row in rows])
            except UpstreamError:
                found.unread += len(rows)
        diffs = []
        for row in rows:
            diff = diff_of(row)
            if (number := numbers.get(row.ref)) is not None:
                gross = channel.live_means is WriteMeans.GROSS
                shows = max(0, number - reserved.get(row.ref, 0)) if gross else number
                diff = replace(diff, shows=shows, shows_at=x.clock.now(), move=move_of(shows, diff.wanted))
            if diff.move is not Move.SAME:
                diffs.append(diff)
        return diffs

    async def _judged(self, channel: str, diffs: Sequence[Diff]) -> dict[tuple[str, str], str]:
        """What the brake would say, if no order explained anything."""
        x, brake = self._x, await read_brake(self._x, channel)
        golive = x.modes.of(channel)
        first = golive is not None and not golive.pushes_approved
        size = (await x.journal.counts()).rows
        listings = sum(n for (kind, own, _), n in size.items() if kind is Kind.LISTING and own == channel)
        judged = judge(
            brake,
            [diff.change for diff in diffs],
            limits=x.settings.brakes,
            size=listings,
            now=x.clock.now(),
            new_id="",
            first=first,
        )
        return {(channel, ref): why for ref, why in judged.held.items()}

    async def _named(self, channel: str | None, sku: str | None) -> list[tuple[str, list[Work]]]:
        """The managed listings that a person means, by channel."""
        x, found = self._x, []
        for name in [channel] if channel is not None else list(x.channels):
            works: list[Work] = []
            if sku is not None:
                rows = await x.journal.listings_for([sku])
                rows += await x.journal.get([work_id(Kind.LISTING, name, sku)])
                works = list({w.id: w for w in rows if w.channel == name}.values())
            else:
                after: str | None = None
                while True:
                    query = WorkQuery(kind=Kind.LISTING, channel=name, limit=PAGE, after=after)
                    page, after = await x.journal.find(query)
                    works += page
                    if after is None:
                        break
            found.append((name, [w for w in works if isinstance(w.doc, Listing) and w.doc.managed]))
        return found

    async def _wake(self, channel: str, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), PAGE):
            await self._x.journal.touch(ids[start : start + PAGE], "plan")
        await self._x.queue.wake(stock_lane(channel), ["plan"])


def _holds(brake: Brake, plan_id: str) -> bool:
    return brake.trip is not None and brake.trip.id == plan_id
