"""`/rules` and `/freeze`: how an operator changes the numbers of a channel or of one offer."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from orquestador.model.rules import Auto, Freeze, Lifted, StoredRule
from orquestador.model.rules_csv import Conflict, ImportReport, decode
from orquestador.ports import RuleQuery
from orquestador.web import schemas
from orquestador.web.access import Operator, Svc, Viewer
from orquestador.web.lists import Limit, Text, only
from orquestador.web.problems import Problem, ProblemError, invalid_field, too_large
from orquestador.web.render import answer, camel, instant

router = APIRouter(tags=["rules"])

IMPORT_BYTES = 8 * 1024 * 1024
CHANGES_SHOWN = 500
_SAID = {
    "missing": ("it is not said which channel", "Name the channel."),
    "unknown_channel": ("there is no such channel", "GET /channels lists them."),
    "mapping_of_channel": ("a whole channel is no product", "Name the seller SKU too."),
    "unknown_erp_sku": ("no product of the ERP has this SKU", "Correct it, or the product's reference."),
    "unusable_erp_sku": (
        "this SKU is no product that can be sold from: doubled, archived, or without stock",
        "Correct the product in the ERP.",
    ),
}
_CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.get("/rules", summary="Rules of channels and offers, by channel and seller SKU")
async def rule_list(
    request: Request,
    services: Svc,
    caller: Viewer,
    channel: Text = None,
    sku: Text = None,
    frozen: Annotated[bool, Query(description="Only those with a freeze.")] = False,
    limit: Limit = 50,
    cursor: Text = None,
) -> Response:
    only(request, ("channel", "sku", "frozen", "limit", "cursor"))
    query = RuleQuery(channel, sku, frozen, limit, cursor)
    try:
        page, after = await services.journal.find_rules(query)
    except ValueError:
        detail = "cursor: it is not one of ours"
        raise ProblemError(invalid_field("cursor", detail, "Send nextCursor as it came.")) from None
    return answer({"items": [render_rule(rule) for rule in page], "nextCursor": after})


@router.put("/rules", summary="Set fields of one rule; fields that are absent stay")
async def rule_put(services: Svc, caller: Operator, body: schemas.RuleBody) -> Response:
    fields = {name: getattr(body, name) for name in body.model_fields_set - {"channel", "sku"}}
    for name in ("cap", "fixed"):
        if fields.get(name) == Lifted.NONE.value:
            fields[name] = Lifted.NONE
    if fields.get("buffer") == Auto.AUTO.value:
        fields["buffer"] = Auto.AUTO
    if not fields:
        raise ProblemError(invalid_field("body", "body: it changes nothing", "Send a field, e.g. cap."))
    done = await services.rules.put(body.channel, body.sku, fields, caller.name)
    if isinstance(done, Conflict):
        raise ProblemError(_refused(done))
    return answer(render_rule(done))


@router.delete("/rules", summary="The rule says nothing any more; its freeze is lifted, too")
async def rule_delete(
    request: Request,
    services: Svc,
    caller: Operator,
    channel: Annotated[str, Query(max_length=200)],
    sku: Text = None,
) -> Response:
    only(request, ("channel", "sku"))
    done = await services.rules.clear(channel, sku, caller.name)
    if done is None:
        raise ProblemError(Problem(404, "not-found", "Not found", "There is no such rule."))
    return answer(render_rule(done))


@router.post("/freeze", summary="Send no number of a channel or SKU until it is unfrozen; orders go on")
async def freeze(services: Svc, caller: Operator, body: schemas.FreezeBody) -> Response:
    if body.channel is None and body.sku is None:
        detail = "channel: a channel or a SKU must be named"
        raise ProblemError(invalid_field("channel", detail, "To stop everything: POST /pause."))
    if body.channel is not None and body.channel not in services.channels:
        raise ProblemError(_refused(Conflict(0, "channel", "unknown_channel", body.channel)))
    if body.frozen:
        done = await services.rules.freeze(body.channel, body.sku, body.reason, caller.name)
    else:
        done = await services.rules.unfreeze(body.channel, body.sku, caller.name)
    return answer({"items": [render_rule(rule) for rule in done]})


@router.get("/rules/export", summary="All rules as a table (CSV)")
async def rule_export(request: Request, services: Svc, caller: Viewer, channel: Text = None) -> Response:
    only(request, ("channel",))
    table = await services.rules.export(channel)
    headers = {"Content-Disposition": 'attachment; filename="rules.csv"'}
    return Response(table.encode(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/rules/import", openapi_extra=_CSV_BODY, summary="Rules from a table (CSV): all or nothing")
async def rule_import(
    request: Request,
    services: Svc,
    caller: Operator,
    dry_run: Annotated[bool, Query(alias="dryRun", description="Only say what it would do.")] = False,
    skip_conflicts: Annotated[
        bool, Query(alias="skipConflicts", description="Take the rows without a conflict.")
    ] = False,
) -> Response:
    only(request, ("dryRun", "skipConflicts"))
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > IMPORT_BYTES:
            raise ProblemError(too_large(IMPORT_BYTES))
    try:
        text = decode(bytes(content))
    except ValueError:
        detail = "body: it is no text"
        raise ProblemError(invalid_field("body", detail, "Save it as CSV UTF-8 and send that.")) from None
    report = await services.rules.import_csv(
        text, caller.name, dry_run=dry_run, skip_conflicts=skip_conflicts
    )
    return answer(_render_report(report, dry_run=dry_run))


def _render_report(report: ImportReport, *, dry_run: bool) -> dict[str, object]:
    changes = [
        {
            "row": c.row,
            "channel": c.channel,
            "sku": c.sku,
            "fields": {camel(name): {"before": old, "after": new} for name, (old, new) in c.fields.items()},
        }
        for c in report.changes[:CHANGES_SHOWN]
    ]
    return {
        "dryRun": dry_run,
        "rows": report.rows,
        "changed": len(report.changes),
        "unchanged": report.unchanged,
        "applied": report.applied,
        "conflicts": report.conflicts,
        "changes": changes,
    }


def _refused(conflict: Conflict) -> Problem:
    name = camel(conflict.column)
    if conflict.code == "contradictory":
        problem, remedy = f"it contradicts {camel(conflict.value)}", "Clear one of them with null."
    else:
        problem, remedy = _SAID[conflict.code]
    said = invalid_field(name, f"{name}: {problem}", remedy)
    return replace(said, code=f"rule-{conflict.code}", extra={"value": conflict.value})


def render_rule(rule: StoredRule) -> dict[str, object]:
    """A rule with who changed it last; a `sku` of null is the whole channel."""
    fields = rule.fields
    return {
        "channel": rule.channel,
        "sku": rule.ref or None,
        "publish": fields.publish,
        "erpSku": fields.erp_sku,
        "buffer": fields.buffer,
        "cap": fields.cap,
        "share": fields.share,
        "fixed": fields.fixed,
        "allowOversell": fields.allow_oversell,
        "freeze": _freeze(fields.freeze),
        "changedAt": instant(rule.changed_at),
        "changedBy": rule.changed_by,
    }


def _freeze(freeze: Freeze | None) -> dict[str, object] | None:
    if freeze is None:
        return None
    return {"sinceAt": instant(freeze.since), "by": freeze.by, "reason": freeze.reason}
