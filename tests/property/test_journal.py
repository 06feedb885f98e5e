"""No signal is ever lost, whatever workers, leases, jobs, restarts and the clock do in between."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orquestador.clock import ManualClock
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.budget import BudgetSpec
from orquestador.model.stock import JobState
from orquestador.model.work import Kind, State, Work
from orquestador.ports import Mark, Save
from tests.contract.journal_data import CHANNEL, job_of, listing_id, listing_row, order_id, receipt, seen

T = TypeVar("T")

ORDERS = ("A1", "A2")
SKUS = ("S1", "S2")
LEASE_S = 30.0
SPEC = BudgetSpec(burst=1000, interval_s=1.0, per_day=100_000)

refs = st.sampled_from(ORDERS)
skus = st.sampled_from(SKUS)
delays = st.sampled_from([None, 0.0, 5.0, 100.0])
owners = st.sampled_from(["w1", "w2"])
states = st.sampled_from(list(State))
kinds = st.sampled_from([Kind.ORDER, Kind.LISTING])


class Signals(RuleBasedStateMachine):
    """Workers hold what they claimed for as long as they like, so their saves may come late."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.signals: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()
        self.held: list[Work] = []
        self.numbers = 0
        self.open()

    def run(self, call: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await call

        return self.runner.run(awaited())

    def open(self) -> None:
        self.journal = self.run(SqliteJournal.open(Path(self.folder.name) / "j.sqlite3", self.clock))

    def next_name(self) -> str:
        self.numbers += 1
        return f"n{self.numbers}"

    @initialize()
    def there_are_listings(self) -> None:
        self.run(self.journal.upsert_listings([listing_row(sku) for sku in SKUS]))
        self.signals.update(listing_id(sku) for sku in SKUS)

    # signals

    @rule(ref=refs)
    def a_webhook_comes(self, ref: str) -> None:
        self.run(self.journal.accept(receipt(self.next_name(), ref)))
        self.signals[order_id(ref)] += 1

    @rule(ref=refs, delay=delays)
    def a_poll_finds_something(self, ref: str, delay: float | None) -> None:
        due_at = None if delay is None else self.clock.now() + delay
        self.run(self.journal.touch([order_id(ref)], "poll", due_at))
        self.signals[order_id(ref)] += 1

    @rule(sku=skus, delay=delays)
    def stock_moves(self, sku: str, delay: float | None) -> None:
        due_at = None if delay is None else self.clock.now() + delay
        self.run(self.journal.mark([Mark(sku, "stock", CHANNEL, due_at)]))
        self.signals[listing_id(sku)] += 1

    # workers

    @rule(kind=kinds, owner=owners, limit=st.integers(1, 3))
    def a_worker_claims(self, kind: Kind, owner: str, limit: int) -> None:
        self.held += self.run(self.journal.claim(kind, owner, limit, LEASE_S))

    @rule(owner=owners)
    def a_worker_renews(self, owner: str) -> None:
        self.run(self.journal.renew(owner, LEASE_S))

    @rule(owner=owners, delay=delays)
    def a_worker_gives_back(self, owner: str, delay: float | None) -> None:
        due_at = None if delay is None else self.clock.now() + delay
        self.run(self.journal.release(owner, [w.id for w in self.held], due_at))

    @rule(data=st.data(), state=states, delay=st.sampled_from([0.0, 50.0]), closes=st.booleans())
    def a_worker_saves(self, data: st.DataObject, state: State, delay: float, closes: bool) -> None:
        if not self.held:
            return
        work = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        done = work.wanted if closes else work.done
        due_at = self.clock.now() + delay
        changed = replace(work, state=state, done=done, due_at=due_at, attempts=work.attempts + 1)
        if work.kind is Kind.ORDER:
            changed = replace(changed, doc=seen(work.ref, ("S1", 1), at=self.clock.now()))
        marks = (Mark("S1", "order", CHANNEL),) if work.kind is Kind.ORDER else ()
        if self.run(self.journal.save([Save(changed, marks)]))[0]:
            self.closed[work.id] = max(self.closed[work.id], done)
            self.signals.update(listing_id(mark.sku) for mark in marks)

    @rule()
    def a_push_begins(self) -> None:
        works = [w for w in self.held if w.kind is Kind.LISTING]
        self.held = [w for w in self.held if w.kind is not Kind.LISTING]
        if works:
            job = job_of(self.next_name(), *{w.id: w for w in works}.values(), at=self.clock.now())
            self.run(self.journal.open_job(job, works, "budget", SPEC))

    @rule(crashes=st.booleans())
    def a_push_ends(self, crashes: bool) -> None:
        for job in self.run(self.journal.open_jobs(CHANNEL)):
            for record in job.records:
                (row,) = self.run(self.journal.get([record.work_id]))
                assert row.listing.job_id == job.id
                free = replace(row.listing, job_id=None)
                done = max(row.done, record.version)
                closed = replace(row, doc=free, state=State.SETTLED, done=done)
                if not crashes:
                    assert self.run(self.journal.save([Save(closed)])) == [True]
                    self.closed[row.id] = max(self.closed[row.id], done)
            self.run(self.journal.save_job(replace(job, state=JobState.DONE)))

    # the world

    @rule(seconds=st.sampled_from([1.0, 20.0, 40.0, 200.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def a_sweep_recovers(self) -> None:
        self.run(self.journal.recover())

    @rule()
    def the_process_restarts(self) -> None:
        self.run(self.journal.close())
        self.open()

    # what must hold

    def rows(self) -> list[Work]:
        ids = [order_id(ref) for ref in ORDERS] + [listing_id(sku) for sku in SKUS]
        return self.run(self.journal.get(ids))

    @invariant()
    def every_signal_is_counted_and_open_work_does_not_rest(self) -> None:
        for row in self.rows():
            # A freed orphan of a job is a signal that the journal gives itself.
            assert row.wanted >= self.signals[row.id]
            self.signals[row.id] = row.wanted
            assert row.done == self.closed[row.id]
            if row.wanted > row.done:
                assert row.state in (State.DUE, State.WAITING)

    def teardown(self) -> None:
        """Once everybody is gone and time has passed, whatever is open can be claimed."""
        self.the_process_restarts()
        self.clock.advance(10_000)
        self.a_push_ends(crashes=True)
        self.run(self.journal.recover())
        open_rows = {row.id for row in self.rows() if row.wanted > row.done}
        claimed = [w.id for kind in Kind for w in self.run(self.journal.claim(kind, "last", 100, LEASE_S))]
        assert open_rows <= set(claimed)
        assert len(claimed) == len(set(claimed))
        self.run(self.journal.close())
        self.runner.close()
        self.folder.cleanup()


TestSignals = Signals.TestCase
TestSignals.settings = settings(max_examples=40, stateful_step_count=40)
