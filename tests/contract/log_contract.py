"""What every log store promises. A store joins with a class of its own that supplies the `sink` fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orquestador.model.logs import LogEntry, LogFilter, LogStatus
from orquestador.ports import LogSink


def entry(
    id: str,
    at: float,
    *,
    service: str = "falabella",
    action: str = "GetOrder",
    status: LogStatus = LogStatus.SUCCESS,
    orders: tuple[str, ...] = (),
    skus: tuple[str, ...] = (),
) -> LogEntry:
    return LogEntry(
        id=id,
        service=service,
        action=action,
        status=status,
        timestamp=at,
        request={"Action": action, "nested": [1, None, "ñ"]},
        response={"ok": True},
        duration_ms=12.5,
        order_ids=orders,
        skus=skus,
        trace_id=f"trace-{id}",
        links=("t1", "t2"),
    )


class LogSinkContract:
    @pytest.fixture
    def sink(self) -> AsyncIterator[LogSink]:
        raise NotImplementedError

    async def test_an_entry_comes_back_as_it_was(self, sink: LogSink) -> None:
        written = entry("e1", 1000.0, orders=("A1", "A2"), skus=("S1",))
        sink.write(written)
        await sink.flush()
        assert await sink.query(LogFilter(), 10, None) == [written]

    async def test_pages_go_from_the_newest_to_the_oldest(self, sink: LogSink) -> None:
        for n in range(10):
            sink.write(entry(f"e{n}", 1000.0 + n // 3, orders=("A1",)))
        await sink.flush()
        for wanted in (LogFilter(), LogFilter(order_id="A1")):
            found: list[str] = []
            cursor: tuple[float, str] | None = None
            while page := await sink.query(wanted, 3, cursor):
                found += [e.id for e in page]
                cursor = (page[-1].timestamp, page[-1].id)
            assert found == [f"e{n}" for n in range(9, -1, -1)]

    async def test_entries_are_filtered(self, sink: LogSink) -> None:
        for written in (
            entry("e1", 1000.0, orders=("A1",), skus=("S1",)),
            entry("e2", 2000.0, service="odoo", action="create", orders=("A1", "A2"), skus=("S2",)),
            entry("e3", 3000.0, status=LogStatus.ERROR, orders=("A2",), skus=("S1", "S2")),
            entry("e4", 4000.0, service="odoo", status=LogStatus.PENDING),
        ):
            sink.write(written)
        await sink.flush()
        cases = [
            (LogFilter(service="odoo"), ["e4", "e2"]),
            (LogFilter(action="create"), ["e2"]),
            (LogFilter(status=LogStatus.ERROR), ["e3"]),
            (LogFilter(order_id="A1"), ["e2", "e1"]),
            (LogFilter(sku="S1"), ["e3", "e1"]),
            (LogFilter(order_id="A2", sku="S1"), ["e3"]),
            (LogFilter(order_id="S1"), []),
            (LogFilter(since=2000.0), ["e4", "e3", "e2"]),
            (LogFilter(until=2000.0), ["e1"]),
            (LogFilter(since=2000.0, until=4000.0, service="odoo"), ["e2"]),
            (LogFilter(order_id="A1", service="odoo", since=1500.0), ["e2"]),
        ]
        for wanted, expected in cases:
            assert [e.id for e in await sink.query(wanted, 10, None)] == expected, wanted

    async def test_whatever_is_written_never_raises_and_spares_the_others(self, sink: LogSink) -> None:
        hostile = LogEntry(
            id="\ud800",
            service="\udfff",
            action="NUL\x00",
            status=LogStatus.ERROR,
            timestamp=5.0,
            request={"text": "\ud800", "digits": 10**30, "object": object(), "bytes": b"\xff"},
            order_ids=("\ud800",),
            skus=("x" * 100_000,),
        )
        sink.write(entry("before", 1.0))
        sink.write(hostile)
        sink.write(entry("never", float("nan")))
        sink.write(entry("after", 9.0))
        await sink.flush()
        found = await sink.query(LogFilter(), 10, None)
        assert {"after", "before"} <= {e.id for e in found}

    async def test_old_entries_expire(self, sink: LogSink) -> None:
        for n in range(2500):
            sink.write(entry(f"e{n:04}", float(n), orders=("A1",)))
        await sink.flush()
        assert await sink.expire(2400.0) == 2400
        assert len(await sink.query(LogFilter(), 500, None)) == 100
        assert len(await sink.query(LogFilter(order_id="A1"), 500, None)) == 100

    async def test_a_write_after_the_end_is_harmless(self, sink: LogSink) -> None:
        await sink.close()
        sink.write(entry("late", 1.0))
