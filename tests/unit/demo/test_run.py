"""What the demo answers: exit code, JSON, words."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from orquestador.demo.arithmetic import Row
from orquestador.demo.processes import ProcessEnded
from orquestador.demo.run import language, report, verdict
from orquestador.demo.view import View
from orquestador.i18n import LANGUAGES
from orquestador.i18n.demo import TEXTS

GOOD = (Row("PROD-001", 5, 5, 5), Row("SKU-00004", -3, -3, 0))
WRONG_ERP = (GOOD[0], Row("SKU-00004", -3, -2, 0))
WRONG_LISTING = (Row("PROD-001", 5, 5, 6), GOOD[1])


def view(lang: str = "en", width: int = 40) -> tuple[View, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False, emoji=False)
    return View(console, lang), out


@pytest.mark.parametrize(("rows", "code"), [(GOOD, 0), (WRONG_ERP, 1), (WRONG_LISTING, 1), ((), 1)])
def test_exit_code_and_json_say_whether_every_number_agrees(rows: tuple[Row, ...], code: int) -> None:
    said = json.loads(report(rows, orders=12, seconds=3.14159))
    assert verdict(rows) == code
    assert said["agree"] is (code == 0)
    assert (said["orders"], said["duration_s"]) == (12, 3.14)
    assert said["skus"] == [
        {
            "sku": r.sku,
            "expected": r.expected,
            "erp": r.erp,
            "expected_listing": r.expected_listing,
            "listing": r.listing,
        }
        for r in rows
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", [40, 120])
def test_the_table_fits_and_the_differing_row_says_where_to_look(lang: str, width: int) -> None:
    shown, out = view(lang, width)
    shown.result(WRONG_ERP, orders=12, seed=3, seconds=4.2, why=lambda _: None)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    rows = {line.split()[0]: line.split() for line in lines if line.startswith(("PROD", "SKU-"))}
    assert rows["PROD-001"] == ["PROD-001", "5", "5", "5", "5"]
    assert any(line.split() == ["SKU-00004", "-3", "✗", "-2", "0", "0"] for line in lines)
    assert "/logs/product/SKU-00004" in out.getvalue()
    assert "--seed 3" in " ".join(out.getvalue().split())


def test_a_differing_listing_comes_with_the_services_own_reason() -> None:
    shown, out = view(width=200)
    shown.result(WRONG_LISTING, orders=12, seed=3, seconds=4.2, why=lambda sku: f"budget of {sku}")
    assert "/listings?sku=PROD-001 (budget of PROD-001)" in out.getvalue()


@pytest.mark.parametrize(("lang", "sentence"), [("es", "Todo coincide: 12"), ("en", "All agree: 12")])
def test_one_sentence_says_that_all_agree(lang: str, sentence: str) -> None:
    shown, out = view(lang)
    shown.result(GOOD, orders=12, seed=3, seconds=4.2, why=lambda _: None)
    assert sentence in out.getvalue()
    assert "✗" not in out.getvalue()


def test_without_a_terminal_each_phase_is_one_line() -> None:
    shown, out = view("en", 120)
    with shown.playing():
        shown.phase("demo.starting_service", commands="up")
        shown.phase("demo.settling")
        shown.end(well=False)
    first, second = out.getvalue().splitlines()
    assert first.startswith("✓ Starting orquestador (up) (")
    assert second.startswith("✗ Odoo and the listings")


@pytest.mark.parametrize(("code", "words"), [(1, "odoo ended (code 1)"), (None, "odoo does not answer")])
def test_a_process_that_is_gone_is_named_with_its_last_lines(code: int | None, words: str) -> None:
    shown, out = view("en", 120)
    shown.failure(ProcessEnded("odoo", code, ("it broke",)))
    assert words in out.getvalue()
    assert "it broke" in out.getvalue()


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"APP_LANG": "es", "LANG": "en_US.UTF-8"}, "es"),
        ({"LANG": "es_CL.UTF-8"}, "es"),
        ({"APP_LANG": "", "LANG": "C.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_comes_from_the_real_environment(environment: dict[str, str], lang: str) -> None:
    assert language(environment) == lang


def test_every_text_is_there_in_both_languages() -> None:
    assert all(spanish and english for spanish, english in TEXTS.values())
