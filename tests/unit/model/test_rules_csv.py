"""Rules as a table: every spelling of a spreadsheet, every row's problem by name, and a round trip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.i18n import has
from orquestador.model.rules import (
    CHANNEL_WIDE,
    NOTHING,
    Auto,
    Freeze,
    Lifted,
    RuleFields,
    StoredRule,
    changed_names,
)
from orquestador.model.rules_csv import WIDE, Conflict, decode, fields_after, parse, share, to_csv

SKU = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20) | st.sampled_from(
    ["0012", "a,b", 'q"q', "a;b", "ñ", "=1+1"]
)
UNITS = st.integers(0, 1_000_000)
FIELDS = st.builds(
    RuleFields,
    publish=st.none() | st.booleans(),
    erp_sku=st.none() | SKU,
    buffer=st.none() | UNITS | st.just(Auto.AUTO),
    cap=st.none() | UNITS | st.just(Lifted.NONE),
    share=st.none() | st.floats(0, 1),
    fixed=st.none() | UNITS | st.just(Lifted.NONE),
    allow_oversell=st.none() | st.booleans(),
    freeze=st.none()
    | st.builds(Freeze, st.just(1.0), st.just("ana"), st.none() | SKU.filter(lambda s: s.strip() == s)),
)
RULE = st.builds(StoredRule, st.sampled_from(["falabella", "falabella-pe"]), SKU, FIELDS)


@given(st.lists(RULE, max_size=8, unique_by=lambda rule: (rule.channel, rule.ref)))
def test_what_is_written_is_read_as_it_was(rules: list[StoredRule]) -> None:
    kept = [rule for rule in rules if rule.ref != WIDE]
    parsed = parse(to_csv(kept))
    assert parsed.conflicts == []
    assert [(row.channel, row.ref) for row in parsed.rows] == [(rule.channel, rule.ref) for rule in kept]
    for row, rule in zip(parsed.rows, kept, strict=True):
        assert changed_names(rule.fields, fields_after(row, NOTHING, 9.0, "x")) == ()
        assert fields_after(row, rule.fields, 9.0, "x") == rule.fields


def test_a_file_of_excel_in_spanish() -> None:
    text = (
        "sep=;\r\nCanal;SKU;default_code;publish;buffer;cap;share;fixed;allow_oversell;freeze\r\n"
        "falabella;*;;sí;Auto;;0,5;;;\r\n"
        "falabella;00123;ODÓO-1;NO;;none;50%;;;sí: precio malo\r\n;;;;;;;;;\r\n"
    )
    for content in (b"\xef\xbb\xbf" + text.encode(), text.encode("cp1252")):
        parsed = parse(decode(content))
        assert parsed.conflicts == []
        wide, own = (fields_after(row, NOTHING, 5.0, "ana") for row in parsed.rows)
        assert wide == RuleFields(publish=True, buffer=Auto.AUTO, share=0.5)
        assert own == RuleFields(
            publish=False,
            erp_sku="ODÓO-1",
            cap=Lifted.NONE,
            share=0.5,
            freeze=Freeze(5.0, "ana", "precio malo"),
        )
        assert [row.ref for row in parsed.rows] == [CHANNEL_WIDE, "00123"]


@pytest.mark.parametrize(
    ("rows", "conflicts"),
    [
        ("x,A,,,-1,,,,,", [Conflict(2, "buffer", "not_units", "-1")]),
        ("x,A,,,1.5,,,,,", [Conflict(2, "buffer", "not_units", "1.5")]),
        ("x,A,,,none,,,,,", [Conflict(2, "buffer", "not_units", "none")]),
        ("x,A,,,,9999999,,,,", [Conflict(2, "cap", "not_units", "9999999")]),
        ("x,A,,,,,2,,,", [Conflict(2, "share", "not_a_share", "2")]),
        ("x,A,,,,,nan,,,", [Conflict(2, "share", "not_a_share", "nan")]),
        ("x,A,,maybe,,,,,,", [Conflict(2, "publish", "not_a_flag", "maybe")]),
        ("x,A,,,,,,,,maybe", [Conflict(2, "freeze", "not_a_freeze", "maybe")]),
        (
            "x,A,,,,,0,5,,,no",
            [Conflict(2, "", "too_many_cells", "11")],
        ),
        ("x,,,,,,,,,", [Conflict(2, "seller_sku", "missing")]),
        (",A,,,,,,,,", [Conflict(2, "channel", "missing")]),
        ("x,*,ODOO,,,,,,,", [Conflict(2, "erp_sku", "mapping_of_channel", "ODOO")]),
        (
            "x,A,,,1,,,,,\nx,B,,,1,,,,,\nx,A,,,2,,,,,",
            [
                Conflict(2, "seller_sku", "duplicate_row", "A"),
                Conflict(4, "seller_sku", "duplicate_row", "A"),
            ],
        ),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(rows: str, conflicts: list[Conflict]) -> None:
    parsed = parse(to_csv([]) + rows)
    assert parsed.conflicts == conflicts
    for conflict in parsed.conflicts:
        assert has(f"conflict.{conflict.code}")
        assert has(f"conflict.{conflict.code}.do")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "column_missing"),
        ("channel,cap\nx,1", "column_missing"),
        ("seller_sku,cap,cap\nA,1,2", "column_twice"),
        ("seller_sku,stock\nA,1", "unknown_column"),
    ],
)
def test_a_header_that_cannot_be_used_is_named(text: str, code: str) -> None:
    parsed = parse(text, only_channel="x")
    assert code in [c.code for c in parsed.conflicts]
    assert all(has(f"conflict.{c.code}") and has(f"conflict.{c.code}.do") for c in parsed.conflicts)


def test_a_column_that_is_missing_leaves_its_field() -> None:
    (row,) = parse("seller_sku,cap\nA,\n", only_channel="x").rows
    before = RuleFields(cap=5, buffer=2, freeze=Freeze(1.0, "ana", "why"))
    assert fields_after(row, before, 9.0, "x") == RuleFields(buffer=2, freeze=before.freeze)


@pytest.mark.parametrize(("text", "value"), [("0.29", 0.29), ("0,5", 0.5), ("50%", 0.5), ("12,5 %", 0.125)])
def test_spellings_of_a_share(text: str, value: float) -> None:
    assert share(text) == value
