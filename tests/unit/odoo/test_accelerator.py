"""The text of the server action, and that its hash sees what matters."""

from __future__ import annotations

import dis
from types import CodeType

from orquestador.erp.odoo.accelerator import action_code, action_values, code_hash

NEVER = {
    *("IMPORT_NAME", "IMPORT_FROM", "IMPORT_STAR", "STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL"),
    *("DELETE_GLOBAL", "BEFORE_WITH", "SETUP_WITH", "LOAD_BUILD_CLASS", "LOAD_DEREF", "STORE_DEREF"),
    *("MAKE_CELL", "COPY_FREE_VARS", "LOAD_CLOSURE", "UNPACK_EX", "LOAD_ASSERTION_ERROR"),
    *("SETUP_ANNOTATIONS", "GET_AWAITABLE", "MATCH_CLASS"),
}
"""Instructions that Odoo's evaluation of code refuses."""


def _codes(code: CodeType) -> list[CodeType]:
    return [code, *(c for one in code.co_consts if isinstance(one, CodeType) for c in _codes(one))]


def test_odoo_would_save_and_run_its_instructions_and_names() -> None:
    for code in _codes(compile(action_code().strip(), "", "exec")):
        assert not {i.opname for i in dis.get_instructions(code)} & NEVER, code.co_name
        assert not [name for name in code.co_names if "__" in name]


def test_blanks_at_the_ends_do_not_count_and_anything_else_does() -> None:
    code = action_code()
    assert code_hash(code.strip().replace("\n", "  \r\n")) == code_hash(code)
    assert code_hash(code.replace("ROUNDS = 3", "ROUNDS = 4")) != code_hash(code)
    assert code_hash("") != code_hash(code)


def test_two_installations_have_two_names() -> None:
    names = {action_values(prefix)["name"] for prefix in ("", "a-", "b-")}
    assert names == {
        "Orquestador accelerator",
        "Orquestador accelerator [a-]",
        "Orquestador accelerator [b-]",
    }
