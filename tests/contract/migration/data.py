"""A store with something of everything, and two stores compared by all that can be asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.budget import FALABELLA_FEEDS
from orquestador.model.logs import LogEntry, LogFilter, LogStatus
from orquestador.model.notices import NoticeKind
from orquestador.model.orders import Direction, LineState, ManualMovement, Owner
from orquestador.model.rules import CHANNEL_WIDE, NOTHING, Freeze, Lifted, RuleFields, StoredRule
from orquestador.model.stock import JobState, Listing, Shown
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ops.logsink import SqliteLogSink
from orquestador.ports import Clock, Journal, LogSink, Mark, Receipt, RuleQuery, Save, WorkQuery
from orquestador.settings import Settings, journal_file, load, logs_file
from tests.contract.journal_data import (
    CHANNEL,
    job_of,
    listing_id,
    listing_row,
    order_id,
    receipt,
    seen,
    settle,
    the_row,
    with_effect,
)

CHANNELS = (CHANNEL, "falabella-pe", "$odd.channel")
NAMES = ("A1", "N-1", "N\0-1", "$set", "ñandú")
META = {"since": {"at": 12.5, "n": 10**30}, "$cursor": ["á", None, True], "pause": {"reason": "x"}}
FAR = 4_000_000_000.0


def settings_of(folder: Path, uri: str, **more: str) -> Settings:
    """Of a shop in this folder."""
    env = folder / ".env"
    given = {"DATA_DIR": str(folder / "data"), "MONGODB_URI": uri, **more}
    env.write_text("".join(f"{name}={value}\n" for name, value in given.items() if value))
    return load(env)


async def filled(settings: Settings, clock: Clock) -> None:
    """Make the shop's SQLite files, with something of everything in them."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    journal = await SqliteJournal.open(journal_file(settings), clock)
    await _fill_orders(journal, clock)
    await _fill_listings(journal, clock)
    await journal.claim_names(CHANNEL, NAMES, order_id("A1"))
    await journal.claim_names("falabella-pe", NAMES[:2], order_id("A1", "falabella-pe"))
    for name, value in META.items():
        await journal.set_meta(name, value)
    assert await journal.acquire("lane", "somebody", 3600)
    await journal.close()
    logs = await SqliteLogSink.open(logs_file(settings), clock)
    fill_logs(logs, clock, 40)
    await logs.close()


async def _fill_orders(journal: SqliteJournal, clock: Clock) -> None:
    now = clock.now()
    for n, channel in enumerate(CHANNELS):
        for m in range(6):
            said = receipt(
                f"r{n}-{m}", f"A{m}", channel=channel, body=b"\xff\x00" + bytes([m]) * m, at=now + m // 2
            )
            await journal.accept(said)
            await journal.accept(replace(said, id=f"again-{n}-{m}"))  # a duplicate: it only bumps
    await journal.accept(receipt("r-stock", "S1", kind=NoticeKind.STOCK, source="falabella.stock"))
    await journal.accept(receipt("r-two", "A1", "A9", dedupe="", source="odd.$door"))
    await journal.accept(
        receipt("r-bad", kind=NoticeKind.UNREADABLE, reason="no JSON: 'ñ'", body=b"{", event="?")
    )
    shown = [
        ("A0", State.SETTLED, seen("A0", ("S1", 2), at=now, number="N0")),
        ("A1", State.WAITING, with_effect(seen("A1", ("S1", 3), ("S2", 1), at=now, reserved=True))),
        ("A2", State.DEAD, seen("A2", ("S2", 1), at=now, owner=Owner.UNKNOWN)),
        ("A3", State.SETTLED, seen("A3", ("S3", 5), at=now, state=LineState.SHIPPED)),
        ("A4", State.SETTLED, seen("A4", ("S3", 5), at=now, state=LineState.CANCELLED)),
    ]
    for ref, state, order in shown:
        row = await the_row(journal, order_id(ref))
        changed = replace(
            row,
            state=state,
            done=row.wanted if state is not State.WAITING else row.done,
            doc=order,
            due_at=now + 50,
            attempts=3,
            reason=f"$why:{ref}",
            failing_since=now - 7.5 if state is State.DEAD else None,
        )
        due = now + 5.25 if order.open_effect else None
        assert await journal.save([Save(changed, effect_due_at=due)]) == [True]
    await journal.touch([order_id("A3")], "poll", now + 900)
    movement = Work(
        id=work_id(Kind.MOVEMENT, "manual", "k1"),
        kind=Kind.MOVEMENT,
        channel="manual",
        ref="k1",
        state=State.SETTLED,
        wanted=1,
        done=1,
        rev=0,
        due_at=now,
        doc=ManualMovement("k1", "S1", Direction.OUT, 3, "stocktake", "hash"),
    )
    assert await journal.save([Save(movement)]) == [True]


async def _fill_listings(journal: SqliteJournal, clock: Clock) -> None:
    now = clock.now()
    skus = [f"S{n}" for n in range(6)]
    await journal.upsert_listings([listing_row(sku, managed=sku != "S5") for sku in skus])
    await journal.upsert_listings([listing_row("S1", channel="falabella-pe")])
    row = await the_row(journal, listing_id("S4"))
    shown = Listing(CHANNEL, "S4", "S4", wanted=7, confirmed=Shown(7, now, 2), live=Shown(8, now + 1, 3))
    await journal.save([Save(replace(row, state=State.SETTLED, done=row.wanted, doc=shown, urgency=12.5))])
    await journal.mark([Mark("S1", "order", CHANNEL), Mark("S4", "stock", None, now + 90)])
    first = [await the_row(journal, listing_id(sku)) for sku in ("S0", "S2")]
    opened = await journal.open_job(job_of("j-open", *first, at=now), first, "feeds", FALABELLA_FEEDS)
    assert opened.job is not None
    await journal.save_job(replace(opened.job, state=JobState.FOLLOWING, external_id="feed-1"))
    second = [await the_row(journal, listing_id("S3"))]
    done = await journal.open_job(job_of("j-done", *second, at=now - 9), second, "feeds", FALABELLA_FEEDS)
    assert done.job is not None
    await journal.save_job(replace(done.job, state=JobState.DONE, done_at=now))
    await journal.update_budget("calls", FALABELLA_FEEDS, throttled=True)
    await settle(journal, clock, listing_id("S5"))
    frozen = RuleFields(cap=Lifted.NONE, share=0.29, freeze=Freeze(now, "ana", "$why: ñ"))
    wide = StoredRule(CHANNEL, CHANNEL_WIDE, RuleFields(buffer=2), changed_at=now, changed_by="ana")
    await journal.save_rules([wide, replace(wide, ref="$S.1", fields=frozen, tell_at=now + 60)])
    await journal.save_rules([replace(wide, ref="gone", fields=NOTHING), replace(wide, rev=1)])
    # Somebody holds a lease: that does not go along.
    assert await journal.claim(Kind.LISTING, "somebody", 1, 3600)


def fill_logs(logs: LogSink, clock: Clock, entries: int) -> None:
    for n in range(entries):
        logs.write(
            LogEntry(
                id=f"log-{n % (entries - 3)}",
                service="odoo" if n % 2 else CHANNEL,
                action="$read",
                status=LogStatus.ERROR if n % 5 == 0 else LogStatus.SUCCESS,
                timestamp=clock.now() + n // 3,
                request={"n": n, "$odd.key": "ñ"},
                response=None if n % 3 else [1.5, "x"],
                duration_ms=n * 1.25,
                order_ids=(f"A{n % 4}",),
                skus=(f"S{n % 3}", "S9"),
                trace_id=None if n % 4 else f"trace-{n}",
                links=(f"trace-{n}",),
            )
        )


# --- comparing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    journal: Journal
    logs: LogSink


async def assert_same(old: Side, new: Side, clock: Clock) -> None:
    """By everything that both can be asked, without changing either."""
    ours, theirs = await all_work(old.journal), await all_work(new.journal)
    assert theirs == ours
    ids = list(ours)
    assert await _by_id(new.journal, ids) == await _by_id(old.journal, ids)
    skus = sorted({sku for work in ours.values() for sku in _skus(work)} | {"none"})
    assert await new.journal.units(skus) == await old.journal.units(skus)
    assert await new.journal.counts() == await old.journal.counts()
    assert _ids(await new.journal.listings_for(skus)) == _ids(await old.journal.listings_for(skus))
    assert await new.journal.effects_due(10**6) == await old.journal.effects_due(10**6)
    for id_ in ids:
        assert await new.journal.receipts_for(id_) == await old.journal.receipts_for(id_), id_
    for channel in {work.channel for work in ours.values()}:
        assert await new.journal.open_jobs(channel) == await old.journal.open_jobs(channel)
        assert await new.journal.recent_jobs(channel, 99) == await old.journal.recent_jobs(channel, 99)
        before = await old.journal.open_orders_before(channel, FAR, 10**6)
        assert _ids(await new.journal.open_orders_before(channel, FAR, 10**6)) == _ids(before)
    for name in ("feeds", "calls", "never used"):
        known = await old.journal.budget(name, FALABELLA_FEEDS)
        assert await new.journal.budget(name, FALABELLA_FEEDS) == known, name
    rules = await old.journal.rules(CHANNEL, [CHANNEL_WIDE, "$S.1", "gone"])
    moved = await new.journal.rules(CHANNEL, [CHANNEL_WIDE, "$S.1", "gone"])
    assert sorted(moved, key=str) == sorted(rules, key=str)
    assert await new.journal.find_rules(RuleQuery()) == await old.journal.find_rules(RuleQuery())
    assert await new.journal.rules_to_tell(99) == await old.journal.rules_to_tell(99)
    everything = await all_receipts(old.journal, LogFilter())
    assert await all_receipts(new.journal, LogFilter()) == everything
    filters = [LogFilter(order_id="A1"), LogFilter(sku="S1"), LogFilter(status=LogStatus.ERROR)]
    filters += [LogFilter(service=CHANNEL), LogFilter(action="odd.$door")]
    for chosen in filters:
        assert await all_receipts(new.journal, chosen) == await all_receipts(old.journal, chosen), chosen
        logged = await old.logs.query(chosen, 10**6, None)
        assert _entries(await new.logs.query(chosen, 10**6, None)) == _entries(logged), chosen
    assert _entries(await new.logs.query(LogFilter(), 10**6, None)) == _entries(
        await old.logs.query(LogFilter(), 10**6, None)
    )


async def all_work(journal: Journal) -> dict[str, Work]:
    found: dict[str, Work] = {}
    after: str | None = None
    while True:
        page, after = await journal.find(WorkQuery(limit=50, after=after))
        found |= {work.id: work for work in page}
        if after is None:
            return dict(sorted(found.items()))


async def all_receipts(journal: Journal, chosen: LogFilter) -> list[Receipt]:
    found: list[Receipt] = []
    before: tuple[float, str] | None = None
    while page := await journal.receipts(chosen, 50, before):
        found += page
        before = (page[-1].received_at, page[-1].id)
    return found


async def _by_id(journal: Journal, ids: Sequence[str]) -> dict[str, Work]:
    return {work.id: work for work in await journal.get(ids)}


def _skus(work: Work) -> list[str]:
    if work.kind is Kind.LISTING:
        return [work.listing.sku]
    return [line.sku for line in work.order.lines] if work.order else []


def _ids(works: Sequence[Work]) -> list[str]:
    return sorted(work.id for work in works)


def _entries(entries: Sequence[LogEntry]) -> list[str]:
    """Entries of one id and instant have no order."""
    return sorted(map(repr, entries))
