"""Everything that we may say has words in both languages, and what is new is never silent."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import orquestador
from orquestador.i18n import CATALOGUE, advice, age, has, reason, text
from orquestador.ports import ProductProblem

SOURCE = Path(orquestador.__file__).parent
SOMEWHERE = ("flows", "model", "erp", "channels", "settings", "app", "cli")

# Where a function takes a reason: the position of that argument.
REASON_AT = {
    "Verdict": 2,
    "Outlook": 1,
    "Mark": 1,
    "touch": 1,
    "give_up": 2,
    "_wait": 1,
    "_again": 3,
    "_postpone": 2,
    "_hold": 2,
}
REASON_NAMES = ("reason", "why", "hold", "failure")
FINDING_CODE = re.compile(r"(?:odoo|falabella)\.[a-z_]+")
CODE = re.compile(r"[a-z][a-z_-]*(?: of an adopted order)?")


@cache
def parsed(folder: str) -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted((SOURCE / folder).rglob("*.py"))
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        yield from parsed(folder)


def heads(node: ast.expr | None) -> Iterator[str]:
    """The codes that an expression may be: constants, the beginning of f-strings, both sides of a choice."""
    match node:
        case ast.Constant(value=str(value)):
            yield value.partition(":")[0]
        case ast.JoinedStr(values=[ast.Constant(value=str(value)), *_]):
            yield value.partition(":")[0]
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(value))]) if value.startswith(
            "."
        ):
            yield f"*{value}"
        case ast.IfExp(body=body, orelse=other):
            yield from (*heads(body), *heads(other))
        case ast.BinOp(left=left):
            yield from heads(left)
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from heads(part)


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def finding_codes() -> set[str]:
    codes: set[str] = set()
    for path, tree in trees(*SOMEWHERE):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and name_of(node)
                in ("Finding", "_error", "SetUpRefused", "HouseRefused", "RuleRefused", "ChannelRefused")
                and node.args
            ):
                codes |= set(heads(node.args[0]))
            # Codes that a check puts into a variable first.
            if path.name == "check.py" and isinstance(node, ast.Constant) and isinstance(node.value, str):
                codes |= {node.value} if FINDING_CODE.fullmatch(node.value) else set()
    return codes


def reason_codes() -> set[str]:
    codes = {problem.value for problem in ProductProblem}
    for _, tree in trees("flows", "model"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                at = REASON_AT.get(name_of(node))
                if at is not None and len(node.args) > at:
                    codes |= set(heads(node.args[at]))
                for keyword in node.keywords:
                    if keyword.arg in REASON_NAMES:
                        codes |= set(heads(keyword.value))
            elif isinstance(node, ast.FunctionDef) and node.name in ("_line_problem", "ordinary_wait"):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return):
                        codes |= set(heads(inner.value))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "reason":
                codes |= set(heads(node.value))
    return {code for code in codes if CODE.fullmatch(code)}


def text_codes() -> set[str]:
    """Codes that the command line and the report say."""
    codes: set[str] = set()
    for _, tree in trees("app", "cli"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            match name_of(node):
                case "say" | "_say":
                    codes |= set(heads(node.args[0]))
                case "text" if len(node.args) > 1:
                    codes |= set(heads(node.args[1]))
                case "help_text":
                    codes |= {f"help.{code}" for code in heads(node.args[0])}
    return {code for code in codes if not code.endswith(".") and not code.startswith("*")}


def test_the_collectors_find_what_they_should() -> None:
    assert {"placeholder", "channel_gone", "not_checked_yet", "*.unreachable"} <= finding_codes()
    assert {"odoo.scope", "odoo.customer_location", "falabella.credentials"} <= finding_codes()
    assert {"unknown_sku", "order_not_visible", "cancelled_in_erp", "foreign_document"} <= reason_codes()
    assert {
        "budget",
        "coalescing",
        "kept_for_urgent",
        "observing",
        "before_go_live",
        "settled_by_person",
    } <= reason_codes()
    assert {"unknown_state", "give_back_unclear", "sku_not_found_on_channel"} <= reason_codes()
    assert {"status.dead", "golive.ask", "help.main", "help.work.list"} <= text_codes()


def test_every_finding_has_words() -> None:
    spellings = ("", "@ok", "@warning", "@error")
    assert not {code for code in finding_codes() if not any(has(f"{code}{s}") for s in spellings)}


def test_every_finding_that_is_not_fine_says_what_to_do() -> None:
    for path, tree in trees(*SOMEWHERE):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node) == "Finding" and len(node.args) > 1:
                for code in heads(node.args[0]):
                    for level in set(heads(node.args[1])) - {"ok"}:
                        assert advice("en", code, level, {}).do, f"{path.name}: {code} {level}"


def test_every_reason_has_words() -> None:
    assert not {code for code in reason_codes() if not has(f"reason.{code}")}


def test_everything_that_is_said_has_words() -> None:
    assert not {code for code in text_codes() if not has(code)}


def test_both_languages_say_something_with_the_same_facts() -> None:
    for code, (spanish, english) in CATALOGUE.items():
        assert spanish.strip() and english.strip(), code
        assert _facts(spanish) == _facts(english), code


def _facts(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_languages() -> None:
    assert (text("es", "yes"), text("en", "yes"), text("fr", "yes")) == ("sí", "yes", "yes")


def test_an_unknown_code_is_shown_with_its_facts() -> None:
    assert text("es", "brand_new", sku="A") == "brand_new sku=A"
    assert advice("es", "odoo.brand_new", "error", {"sku": "A"}).title == "odoo.brand_new sku=A"
    assert reason("es", "brand_new:A").title == "brand_new:A"


def test_a_fact_that_is_missing_or_odd_spoils_nothing() -> None:
    assert "?" in text("en", "placeholder")
    assert "{evil}" in text("en", "placeholder", setting="{evil}")
    assert "A, B" in text("en", "falabella.placeholder", settings=("A", "B"))


def test_an_upstream_without_words_of_its_own() -> None:
    words = advice("en", "falabella-pe.unreachable", "error", {"detail": "timed out"})
    assert words.title == "falabella-pe does not answer"
    assert "timed out" in words.means
    assert words.do


def test_a_level_may_have_its_own_words() -> None:
    fine, bad = (advice("en", "odoo.rights", level, {"user": "u", "group": "g"}) for level in ("ok", "error"))
    assert (fine.title, fine.do) == ("u has the group g", "")
    assert bad.title == "u lacks the group g"
    assert bad.do


def test_reasons() -> None:
    assert reason("en", "unknown_sku:SKU-9").title == "Odoo does not have the SKU SKU-9"
    assert reason("en", "unknown_sku", "listing").title == "Odoo does not have this SKU"
    assert reason("en", "settled_by_person").title == "settled by a person"
    assert reason("en", "refused:price: too low").title == "the channel refuses the number: price: too low"
    assert reason("en", None).title == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_800, "2 d"),
    ],
)
def test_ages(seconds: float, shown: str) -> None:
    assert age("es", seconds) == shown
