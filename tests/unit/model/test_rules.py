"""What a rule does to a number, which of two rules counts, and which product a line is (design §7.3, §13)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.model.fold import fold
from orquestador.model.orders import Direction, Effect, EffectItem, LineState, Order, SeenLine, SeenOrder
from orquestador.model.rules import (
    Effective,
    Freeze,
    Level,
    Lifted,
    RuleFields,
    StoredRule,
    changed_names,
    contradiction,
    decided_by,
    effective,
    mapped,
    next_rule,
    told,
)
from orquestador.model.stock import Rule, RuleUse, net_quantity

UNITS = st.integers(0, 10_000)
RULES = st.builds(
    Rule,
    buffer=UNITS,
    cap=st.none() | UNITS,
    share=st.floats(0, 1) | st.sampled_from([0.29, 0.1, 1 / 3]),
    fixed=st.none() | UNITS,
)
AVAILABLE = st.floats(-100, 20_000) | st.integers(-100, 20_000).map(float)


@given(AVAILABLE, st.integers(0, 500), RULES)
def test_never_negative_and_never_above_what_there_is(available: float, unproven: int, rule: Rule) -> None:
    assert 0 <= net_quantity(available, unproven, rule) <= max(0.0, available - unproven + 1e-6)


@given(AVAILABLE, AVAILABLE, st.integers(0, 500), RULES)
def test_more_stock_never_shows_less(one: float, other: float, unproven: int, rule: Rule) -> None:
    low, high = sorted((one, other))
    assert net_quantity(low, unproven, rule) <= net_quantity(high, unproven, rule)


@given(AVAILABLE, st.integers(0, 500), RULES, st.booleans())
def test_a_number_that_is_not_what_there_is_names_the_field_that_gave_it(
    available: float, unproven: int, rule: Rule, oversell: bool
) -> None:
    rule = replace(rule, allow_oversell=oversell)
    use = decided_by(available, unproven, Effective(rule))
    number = net_quantity(available, unproven, rule)
    if number != net_quantity(available, unproven, Rule()):
        assert use is not None
        assert use.value == getattr(rule, use.field)
        # Without that field the number is another one.
        without = replace(rule, **{use.field: getattr(Rule(), use.field)})
        assert net_quantity(available, unproven, without) >= number or use.field == "fixed"


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        (Rule(buffer=2, share=0.5), 49),
        (Rule(share=0.29), 29),
        (Rule(buffer=2, share=0.5, cap=20), 20),
        (Rule(fixed=5, buffer=99, cap=1), 5),
        (Rule(fixed=500), 100),
        (Rule(fixed=500, allow_oversell=True), 500),
        (Rule(share=0.0), 0),
    ],
)
def test_buffer_then_share_then_cap_or_a_fixed_number(rule: Rule, shown: int) -> None:
    assert net_quantity(100.0, 0, rule) == shown


FREEZE = Freeze(1.0, "ana", "x")
FIELDS = st.builds(
    RuleFields,
    publish=st.none() | st.booleans(),
    buffer=st.none() | UNITS,
    cap=st.none() | UNITS | st.just(Lifted.NONE),
    share=st.none() | st.floats(0, 1),
    fixed=st.none() | UNITS | st.just(Lifted.NONE),
    allow_oversell=st.none() | st.booleans(),
    freeze=st.none() | st.just(FREEZE),
)


@given(FIELDS, FIELDS, RULES, st.booleans())
def test_field_by_field_the_more_specific_wins(
    own: RuleFields, wide: RuleFields, default: Rule, publish: bool
) -> None:
    found = effective(own, wide, default, publish=publish)
    for name in ("buffer", "cap", "share", "fixed", "allow_oversell"):
        said = next((v for f in (own, wide) if (v := getattr(f, name)) is not None), getattr(default, name))
        assert getattr(found.rule, name) == (None if said is Lifted.NONE else said)
    assert found.publish == next((f.publish for f in (own, wide) if f.publish is not None), publish)
    assert (found.freeze is None) == (own.freeze is None and wide.freeze is None)


def test_a_listing_says_where_its_rule_stands() -> None:
    found = effective(RuleFields(cap=3), RuleFields(buffer=2, cap=50), Rule(), publish=True)
    assert decided_by(10.0, 0, found) == RuleUse("cap", "sku", 3)
    assert decided_by(4.0, 0, found) == RuleUse("buffer", Level.CHANNEL.value, 2)
    assert decided_by(0.0, 0, found) is None
    assert decided_by(10.0, 0, effective(None, None, Rule(buffer=1), publish=True)) == RuleUse(
        "buffer", "default", 1
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (RuleFields(fixed=5, share=0.5), ("fixed", "share")),
        (RuleFields(fixed=5, cap=9), ("fixed", "cap")),
        (RuleFields(allow_oversell=True), ("allow_oversell", "fixed")),
        (RuleFields(fixed=5, cap=Lifted.NONE, allow_oversell=True), None),
        (RuleFields(buffer=1, cap=5, share=0.5), None),
    ],
)
def test_fields_that_cannot_both_be_meant(fields: RuleFields, said: tuple[str, str] | None) -> None:
    assert contradiction(fields) == said


def test_a_mapping_is_told_twice_and_knows_every_product_that_the_offer_was() -> None:
    rule = next_rule(StoredRule("c", "A", RuleFields()), RuleFields(erp_sku="X"), 10.0, "ana")
    rule = next_rule(rule, RuleFields(erp_sku="Y"), 11.0, "ana")
    assert (rule.was, rule.tell_at) == (("A", "X"), 11.0)
    again = told(rule, 12.0)
    assert (again.was, again.tell_at) == (("A", "X"), 71.0)
    assert (told(again, 71.0).was, told(again, 71.0).tell_at) == ((), None)
    other = told(next_rule(StoredRule("c", "A", RuleFields()), RuleFields(cap=1), 10.0, "ana"), 10.0)
    assert other.tell_at is None


def test_asking_for_the_same_freeze_again_changes_nothing() -> None:
    assert changed_names(RuleFields(freeze=FREEZE), RuleFields(freeze=replace(FREEZE, since=9.0))) == ()
    assert changed_names(RuleFields(freeze=FREEZE), RuleFields()) == ("freeze",)


def _order(*skus: str) -> Order:
    lines = tuple(SeenLine(str(n), s, 2, LineState.COMMITTED, "pending") for n, s in enumerate(skus))
    return fold(Order("c", "1", 0.0), SeenOrder("c", "1", 1.0, lines))


def test_a_mapping_reaches_only_lines_that_took_nothing_and_are_about_to_take_nothing() -> None:
    order = _order("A", "A", "A", "B")
    taken, open_, free, other = order.lines
    item = EffectItem("1", "A", 2, 7, ((7, 2.0),))
    effect = Effect(1, "k", Direction.OUT, (item,), 1.0)
    lines = (replace(taken, taken=1), open_, replace(free, product_id=7, problem="unknown_sku:A"), other)
    order = replace(order, lines=lines, effects=(effect,))
    after = mapped(order, {"A": "X"})
    assert [(line.sku, line.seller_sku) for line in after.lines] == [
        ("A", "A"),
        ("A", "A"),
        ("X", "A"),
        ("B", "B"),
    ]
    assert (after.lines[2].product_id, after.lines[2].problem) == (None, None)
    assert mapped(after, {"A": "X"}) is after
    back = mapped(after, {})
    assert [line.sku for line in back.lines] == ["A", "A", "A", "B"]
    assert back.lines[2].ref is None


def test_a_mapped_line_is_still_itself_when_it_is_read_again() -> None:
    after = mapped(_order("A"), {"A": "X"})
    line = SeenLine("0", "A", 2, LineState.SHIPPED, "shipped")
    again = fold(after, SeenOrder("c", "1", 2.0, (line,)))
    assert [(li.sku, li.ref, li.furthest) for li in again.lines] == [("X", "A", LineState.SHIPPED)]
