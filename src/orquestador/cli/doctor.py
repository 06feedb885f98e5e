"""`orquestador doctor`: looks at everything itself, whether or not the service runs, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orquestador.cli.errors import PROBLEM
from orquestador.cli.options import AsJson, Lang
from orquestador.cli.screen import styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import print_json
from orquestador.cli.words import early_language
from orquestador.i18n import Advice, advice, text
from orquestador.model.errors import InvalidSetting, UpstreamError

if TYPE_CHECKING:
    from orquestador.channels.falabella.channel import FalabellaChannel
    from orquestador.cli.adapters import Adapters
    from orquestador.ports import Erp, Finding

DUPLICATES_SHOWN = 5
_RANK = {"error": 0, "warning": 1, "ok": 2}
_LOOKS = {"error": ("✗", "bold red"), "warning": ("!", "yellow"), "ok": ("✓", "green")}


def doctor(ctx: typer.Context, as_json: AsJson = False, lang: Lang = None) -> None:
    from orquestador.ports import Finding

    try:
        session = open_session(ctx, lang)
    except InvalidSetting as error:
        # Nothing else can be looked at: the other systems' addresses may be what is wrong.
        facts = {"setting": error.name, "problem": error.problem, "example": error.example}
        _report(
            lang or early_language(ctx.find_root().obj),
            [Finding("invalid_setting", "error", facts)],
            as_json=as_json,
        )
    else:
        _report(session.lang, asyncio.run(examine(session)), as_json=as_json)


def _report(lang: str, found: Sequence[Finding], *, as_json: bool) -> None:
    """The worst first. Ends the command with 1 when there is an error."""
    findings = sorted(found, key=lambda f: _RANK[f.level])
    if not as_json:
        findings = _merged(findings)
    errors = sum(f.level == "error" for f in findings)
    warnings = sum(f.level == "warning" for f in findings)
    if as_json:
        items = [_item(finding, _words(lang, finding)) for finding in findings]
        print_json({"ok": not errors, "errors": errors, "warnings": warnings, "findings": items})
    else:
        _show(lang, findings)
        code = "doctor.errors" if errors else "doctor.warnings" if warnings else "doctor.well"
        styled(text(lang, code, errors=errors, warnings=warnings), "bold red" if errors else "bold green")
    if errors:
        raise typer.Exit(PROBLEM)


async def examine(session: Session) -> list[Finding]:
    """Every finding about the settings, this machine, the other systems and the service."""
    from orquestador.cli.accounts import look_at_channels
    from orquestador.cli.adapters import open_adapters
    from orquestador.cli.stores import look_at_stores
    from orquestador.ports import Finding
    from orquestador.settings import problems

    configured = [f for f in problems(session.settings, session.env_file) if f.code != "mode"]
    stores = await look_at_stores(session.settings)
    found = [*configured, *stores, *await look_at_channels(session)]
    short = Finding("odoo.short_stock", "ok", {"choice": session.settings.odoo_short_stock})
    found.append(short)
    if session.env_file is None:
        found.append(Finding("env_file_missing", "ok", {"path": str(Path.cwd())}))
    async with open_adapters(session) as adapters:
        for answers in await asyncio.gather(_service(session), *_upstreams(adapters)):
            found += answers
    return found


def _upstreams(adapters: Adapters) -> list[asyncio.Task[list[Finding]]]:
    checks = []
    if adapters.erp is not None:
        checks.append(asyncio.create_task(_check_erp(adapters.erp)))
    # Without API access the settings' own findings say what is missing.
    checks += [asyncio.create_task(_check(c.id, c.id, c)) for c in adapters.channels if c.has_api]
    return checks


async def _check_erp(erp: Erp) -> list[Finding]:
    """What the service checks all the time, and what is read for a person only."""
    from orquestador.ports import Finding

    found = await _check("odoo", "erp", erp)
    if any(f.stops == "erp" for f in found):
        return found
    try:
        twins = await erp.duplicates()
    except UpstreamError as error:
        return [*found, Finding("erp.unreachable", "error", {"detail": error.detail}, "erp")]
    first = [f"{twin.sku} ({', '.join(map(str, twin.products))})" for twin in twins[:DUPLICATES_SHOWN]]
    facts = {"n": len(twins), "first": "; ".join(first)}
    return [*found, Finding("odoo.duplicates", "warning" if twins else "ok", facts)]


async def _check(name: str, flow: str, upstream: Erp | FalabellaChannel) -> list[Finding]:
    from orquestador.ports import Finding

    try:
        return await upstream.check()
    except UpstreamError as error:
        return [Finding(f"{name}.unreachable", "error", {"detail": error.detail}, stops=flow)]


async def _service(session: Session) -> list[Finding]:
    """Whether the service itself runs here, and the mode in force: what is stored, whatever MODE says."""
    from orquestador.cli.house import Listener, address, who_listens
    from orquestador.cli.mode import brakes_of_store, mode_of_service, mode_of_store
    from orquestador.ports import Finding

    url, held = address(session.settings), await brakes_of_store(session)
    match await who_listens(url):
        case Listener.ANSWERS:
            return [
                Finding("service_running", "ok", {"url": url}),
                *await mode_of_service(session, url),
                *held,
            ]
        case Listener.SILENT:
            return [Finding("service_silent", "error", {"url": url}), *await mode_of_store(session), *held]
        case Listener.NOBODY:
            return [
                Finding("service_not_running", "warning", {"url": url}),
                *await mode_of_store(session),
                *held,
            ]


def _words(lang: str, finding: Finding) -> Advice:
    return advice(lang, finding.code, finding.level, finding.facts)


def _item(finding: Finding, words: Advice) -> dict[str, object]:
    return {
        "code": finding.code,
        "level": finding.level,
        "stops": finding.stops,
        "facts": dict(finding.facts),
        "title": words.title,
        "means": words.means or None,
        "do": words.do or None,
    }


def _show(lang: str, findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark, style = _LOOKS[finding.level]
        words = _words(lang, finding)
        styled(f"{mark} {words.title}", style)
        if finding.level != "ok" or finding.code == "mode":
            for line in (words.means, f"→ {words.do}" if words.do else ""):
                if line:
                    typer.echo(f"  {line}")


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """What stops one flow for the same reason in several settings is told once, with all of their names."""
    merged: list[Finding] = []
    for finding in findings:
        last = merged[-1] if merged else None
        if last is not None and finding.stops and _same_but_setting(last, finding):
            names = f"{last.facts['setting']}, {finding.facts['setting']}"
            merged[-1] = replace(last, facts={**last.facts, "setting": names})
        else:
            merged.append(finding)
    return merged


def _same_but_setting(one: Finding, other: Finding) -> bool:
    if "setting" not in one.facts or "setting" not in other.facts:
        return False
    return replace(one, facts={**one.facts, "setting": ""}) == replace(
        other, facts={**other.facts, "setting": ""}
    )
