"""Each switch is documented, and those of the budget do what they say in both positions."""

import dataclasses
import re
from pathlib import Path

from orquestador.sandbox.falabella.switches import Switches
from tests.unit.sandbox_falabella.support import Sandbox, stock_xml

DOCS = Path(__file__).parents[3] / "docs" / "sandbox-falabella.md"
BODY = stock_xml({"SKU-00001": 7})


def _taken(sandbox: Sandbox, at: list[float]) -> list[bool]:
    """Which writes at these seconds are accepted."""
    answers, now = [], 0.0
    for second in at:
        sandbox.advance(second - now)
        now = second
        answers.append(sandbox.request({"Action": "UpdateStock"}, BODY).status_code == 200)
    return answers


def test_the_documentation_lists_every_switch_once() -> None:
    table = DOCS.read_text(encoding="utf-8").split("## Switches")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(
        field.name for field in dataclasses.fields(Switches)
    )


def test_the_interval_of_the_budget(sandbox: Sandbox) -> None:
    sandbox.switch(budget_burst=1)
    assert _taken(sandbox, [0, 30, 119, 121]) == [True, False, False, True]
    sandbox.control("reset", {})
    sandbox.switch(budget_burst=1, budget_interval_s=20)
    assert _taken(sandbox, [0, 19, 21, 30, 42]) == [True, False, True, False, True]


def test_the_ceiling_of_a_day(sandbox: Sandbox) -> None:
    assert _taken(sandbox, [0, 1, 2]) == [True, True, True]
    sandbox.control("reset", {})
    sandbox.switch(budget_per_day=2)
    assert _taken(sandbox, [0, 1, 2, 80_000, 86_500]) == [True, True, False, False, True]


def test_the_budget_to_the_letter(sandbox: Sandbox) -> None:
    sandbox.switch(budget_burst=2)
    assert _taken(sandbox, [0, 0, 250, 251]) == [True, True, True, True]
    sandbox.control("reset", {})
    sandbox.switch(budget_burst=2, budget_strict=True)
    assert _taken(sandbox, [0, 0, 250, 251, 371]) == [True, True, True, False, True]
