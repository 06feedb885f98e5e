"""Rules: how an operator changes the number of a channel or of one offer, and whose stock an offer is.

A rule stands at a channel, or at one offer of it (channel, seller SKU). Field by field the more specific one
wins: the offer's, else the channel's, else the settings'. A freeze holds wherever it stands.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orquestador.model.autobuffer import AutoBuffer
from orquestador.model.orders import EffectState, Line, Order
from orquestador.model.stock import Rule, RuleUse, free_units, net_quantity, shared_units

CHANNEL_WIDE = ""
"""The `ref` of a channel's own rule."""
UNITS_MAX = 1_000_000
TELL_AGAIN_S = 60.0
"""A fold that began before a mapping changed has ended after so long; then orders are looked for again."""


class Lifted(StrEnum):
    """In the place of a number: the one of the channel (or of the settings) does not count here."""

    NONE = "none"


class Auto(StrEnum):
    """In the place of a number: it is computed anew for each look (`autobuffer.py`)."""

    AUTO = "auto"


class Level(StrEnum):
    """Where the value of a field stands."""

    SKU = "sku"
    CHANNEL = "channel"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Freeze:
    """No number is sent; orders go on. `since` in seconds since the epoch."""

    since: float
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RuleFields:
    """What one rule says; None = nothing, the next level counts."""

    publish: bool | None = None
    erp_sku: str | None = None
    """The ERP's SKU (Odoo: `default_code`) where it is not the seller SKU."""
    buffer: int | Auto | None = None
    cap: int | Lifted | None = None
    share: float | None = None
    """0 to 1, of what is left after the buffer; rounded down."""
    fixed: int | Lifted | None = None
    """Takes the place of buffer, share and cap; never above what there is unless `allow_oversell`."""
    allow_oversell: bool | None = None
    freeze: Freeze | None = None


NOTHING = RuleFields()
FIELDS = ("publish", "erp_sku", "buffer", "cap", "share", "fixed", "allow_oversell", "freeze")


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is stored; every change is compare-and-set on `rev`. One that says nothing stays as an
    empty row, so that its `rev` never begins again."""

    channel: str
    ref: str
    fields: RuleFields
    rev: int = 0
    changed_at: float = 0.0
    changed_by: str = ""
    tell_at: float | None = None
    """When those whom it concerns are to be marked; None = they were."""
    was: tuple[str, ...] = ()
    """ERP SKUs that the offer had by earlier mappings and that are not told yet."""

    @property
    def is_empty(self) -> bool:
        return self.fields == NOTHING


@dataclass(frozen=True, slots=True)
class Effective:
    """What counts for one offer."""

    rule: Rule = field(default_factory=Rule)
    levels: Mapping[str, Level] = field(default_factory=dict)
    """Where each field of `rule` comes from."""
    publish: bool = True
    erp_sku: str | None = None
    freeze: Freeze | None = None
    freeze_level: Level | None = None
    buffer_is_auto: bool = False
    auto: AutoBuffer | None = None
    """The automatic buffer that `rule` has in it; None until it is known."""


def effective(
    own: RuleFields | None, channel: RuleFields | None, default: Rule, *, publish: bool
) -> Effective:
    """The rule of an offer; `default` and `publish` are what the settings say."""
    by_level = ((Level.SKU, own or NOTHING), (Level.CHANNEL, channel or NOTHING))
    found: dict[str, object] = {}
    levels: dict[str, Level] = {}
    for name in ("buffer", "cap", "share", "fixed", "allow_oversell", "publish"):
        for level, fields in by_level:
            value = getattr(fields, name)
            if value is not None:
                found[name], levels[name] = None if value is Lifted.NONE else value, level
                break
    published = found.pop("publish", publish)
    is_auto = found.get("buffer") is Auto.AUTO
    if is_auto:
        found["buffer"] = 0
    frozen = next(((level, f.freeze) for level, f in by_level if f.freeze is not None), None)
    return Effective(
        rule=replace(default, **found),  # type: ignore[arg-type]
        levels={name: level for name, level in levels.items() if name != "publish"},
        publish=bool(published),
        erp_sku=own.erp_sku if own else None,
        freeze=frozen[1] if frozen else None,
        freeze_level=frozen[0] if frozen else None,
        buffer_is_auto=is_auto,
    )


def with_auto(of: Effective, auto: AutoBuffer) -> Effective:
    """With the buffer that is computed for this moment."""
    return replace(of, rule=replace(of.rule, buffer=auto.units), auto=auto)


def as_held(of: Effective, units: int | None) -> Rule:
    """The rule with the automatic buffer that a listing's number has in it: that another one would count by
    now is no drift."""
    return of.rule if of.auto is None or units is None else replace(of.rule, buffer=units)


def decided_by(available: float, unproven: int, of: Effective) -> RuleUse | None:
    """Which field of a rule gave the number; None when it is simply what there is."""
    free, rule = max(0, free_units(available, unproven)), of.rule
    number = net_quantity(available, unproven, rule)
    if rule.fixed is not None:
        return _use(of, "fixed", rule.fixed) if number == rule.fixed else None
    if number == free:
        return None
    if rule.cap is not None and number == rule.cap and shared_units(free, rule) > number:
        return _use(of, "cap", rule.cap)
    if number < max(0, free - rule.buffer):
        return _use(of, "share", rule.share)
    use = _use(of, "buffer", rule.buffer)
    if of.auto is None:
        return use
    return replace(use, value=min(rule.buffer, free), speed=of.auto.speed, window_s=of.auto.window_s)


def _use(of: Effective, name: str, value: float) -> RuleUse:
    return RuleUse(name, of.levels.get(name, Level.DEFAULT).value, value)


def contradiction(fields: RuleFields) -> tuple[str, str] | None:
    """Two fields of one rule that cannot both be meant."""
    if isinstance(fields.fixed, int):
        for name in ("share", "cap", "buffer"):
            if getattr(fields, name) not in (None, Lifted.NONE):
                return ("fixed", name)
    elif fields.allow_oversell:
        return ("allow_oversell", "fixed")
    return None


def changed_names(before: RuleFields, after: RuleFields) -> tuple[str, ...]:
    """Fields that differ; a freeze differs by its reason, not by who asked again."""
    return tuple(n for n in FIELDS if _compared(getattr(before, n)) != _compared(getattr(after, n)))


def _compared(value: object) -> object:
    return (True, value.reason) if isinstance(value, Freeze) else value


def next_rule(rule: StoredRule, fields: RuleFields, now: float, by: str) -> StoredRule:
    """The rule after a person's change, to be told at once."""
    was = rule.was
    if rule.fields.erp_sku != fields.erp_sku:
        was = tuple(dict.fromkeys((*was, rule.fields.erp_sku or rule.ref)))
    return replace(rule, fields=fields, changed_at=now, changed_by=by, tell_at=now, was=was)


def told(rule: StoredRule, now: float) -> StoredRule:
    """After its marks. A mapping is told twice: a fold that is under way may have read the old one."""
    if rule.was and now < rule.changed_at + TELL_AGAIN_S:
        return replace(rule, tell_at=rule.changed_at + TELL_AGAIN_S)
    return replace(rule, tell_at=None, was=())


# --- mapping of order lines ---


def mapped(order: Order, erp_skus: Mapping[str, str]) -> Order:
    """The order with the ERP's SKU on each line, by seller SKU; one that is not in the mapping is the ERP's
    own. Lines that took something, or are about to, stay as they are (design §6.5)."""
    busy = _busy(order)
    lines = tuple(line if line.line_id in busy else _mapped(line, erp_skus) for line in order.lines)
    return order if lines == order.lines else replace(order, lines=lines)


def _busy(order: Order) -> Collection[str]:
    in_effects = {
        item.line_id
        for effect in order.effects
        if effect.state in (EffectState.INTENT, EffectState.RESERVED)
        for item in effect.items
    }
    return in_effects | {line.line_id for line in order.lines if line.taken or line.held}


def _mapped(line: Line, erp_skus: Mapping[str, str]) -> Line:
    own = line.seller_sku
    sku = erp_skus.get(own, own)
    if sku == line.sku:
        return line
    # What was found out about the other product does not count for this one.
    return replace(
        line,
        sku=sku,
        ref=None if sku == own else own,
        product_id=None,
        recipe=(),
        problem=None,
        stockless=False,
    )


def is_share(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1
