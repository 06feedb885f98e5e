"""Checks of the upstreams, lapsed leases, retention."""

from __future__ import annotations

from collections.abc import Sequence

from orquestador.flows.context import Context
from orquestador.flows.events import FINDINGS, of_findings
from orquestador.model.errors import UpstreamError
from orquestador.model.logs import LogStatus
from orquestador.ports import Finding

RETRY_FIRST_S = 1.0
RETRY_MAX_S = 30.0


class Checks:
    """Start-up checks of one upstream, repeated: a problem stops its flow, its end starts it again."""

    def __init__(self, context: Context, upstream: str) -> None:
        self._x, self._upstream = context, upstream
        self._retry_s = RETRY_FIRST_S

    async def run_once(self) -> float:
        """Check once; returns seconds until the next check."""
        x, name = self._x, self._upstream
        check = x.erp.check if name == "erp" and x.erp is not None else x.channels[name].check
        try:
            findings = await check()
        except UpstreamError as error:
            findings = [
                Finding(f"{name}.unreachable", "error", {"detail": error.detail}, stops=name),
            ]
        self._tell(x.gates.of(name), findings)
        before, now = (of_findings(name, found) for found in (x.gates.of(name), findings))
        x.gates.report(name, findings)
        if now != before:
            x.broadcast.publish(FINDINGS, now)
        if x.gates.stopped(name) is None:
            self._retry_s = RETRY_FIRST_S
            return x.settings.erp_check_s if name == "erp" else x.settings.check_s
        wait, self._retry_s = self._retry_s, min(RETRY_MAX_S, self._retry_s * 2)
        return wait

    def _tell(self, before: Sequence[Finding], now: Sequence[Finding]) -> None:
        """A problem is told when it begins and when it ends; one that counts days, each day."""
        known = {_identity(f) for f in _bad(before)}
        for finding in _bad(now):
            if _identity(finding) not in known:
                status = LogStatus.ERROR if finding.level == "error" else LogStatus.PENDING
                self._x.log(f"check.{finding.code}", status, response=dict(finding.facts))
        left = {f.code for f in _bad(now)}
        for code in dict.fromkeys(f.code for f in _bad(before)):
            if code not in left:
                self._x.log(f"check.{code}", LogStatus.SUCCESS)


def _bad(findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.level != "ok"]


def _identity(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.level, finding.stops, finding.facts.get("days")


class Upkeep:
    """Lapsed leases every few seconds, retention every hour."""

    EVERY_S = 5.0
    RETENTION_EVERY_S = 3600.0

    def __init__(self, context: Context) -> None:
        self._x = context
        self._expired_at: float | None = None

    async def run_once(self) -> float:
        x, now = self._x, self._x.clock.now()
        # Longer calls than a lease are normal (a slow marketplace): what this process works on stays its own.
        for owner in sorted(x.hands.busy):
            await x.journal.renew(owner, x.settings.lease_s)
        freed = await x.journal.recover()
        if freed:
            x.count("leases_recovered", freed)
        if self._expired_at is None or now >= self._expired_at + self.RETENTION_EVERY_S:
            self._expired_at = now
            await x.journal.expire(now - x.settings.receipt_ttl_s, now - x.settings.order_close_s)
            await x.logs.expire(now - x.settings.log_ttl_s)
        return self.EVERY_S
