"""What a check finds is told once when it begins and once when it ends, to whoever reads the log."""

from __future__ import annotations

from orquestador.flows.upkeep import Checks
from orquestador.model.logs import LogEntry, LogStatus
from orquestador.ports import Finding
from tests.fakes.logs import NoLogs
from tests.unit.flows.test_push import Shop

STOPPED = Finding("odoo.scope", "error", {"warehouse": "WH"}, stops="erp")


def ends_in(days: int) -> Finding:
    level = "ok" if days > 14 else "warning"
    return Finding("odoo.key_expires", level, {"name": "ours", "days": days})


class Kept(NoLogs):
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def write(self, entry: LogEntry) -> None:
        self.entries.append(entry)


async def test_a_finding_is_told_when_it_begins_and_when_it_ends(shop: Shop) -> None:
    logs = shop.context.logs = Kept()
    checks = Checks(shop.context, "erp")
    found: list[Finding] = []

    async def check() -> list[Finding]:
        return list(found)

    shop.erp.check = check  # type: ignore[method-assign]

    async def told(*now: Finding) -> list[tuple[str, LogStatus, object]]:
        logs.entries.clear()
        found[:] = now
        await checks.run_once()
        return [(e.action, e.status, e.response) for e in logs.entries]

    assert await told(ends_in(20)) == []
    begun = ("check.odoo.scope", LogStatus.ERROR, {"warehouse": "WH"})
    assert await told(ends_in(15), STOPPED) == [begun]
    assert await told(ends_in(15), STOPPED) == []
    # A key is told anew each day: it is the one thing that ends by itself.
    for days in (14, 13):
        alarm = ("check.odoo.key_expires", LogStatus.PENDING, {"name": "ours", "days": days})
        assert await told(STOPPED, ends_in(days)) == [alarm]
        assert await told(STOPPED, ends_in(days)) == []
    over = [
        ("check.odoo.scope", LogStatus.SUCCESS, None),
        ("check.odoo.key_expires", LogStatus.SUCCESS, None),
    ]
    assert sorted(await told(ends_in(60))) == sorted(over)
