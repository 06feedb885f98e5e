"""Server actions of type code: their limits, rights, answers and rollbacks (odoo.md §5.7)."""

from __future__ import annotations

import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo


def _action(odoo: Odoo, code: str) -> int:
    model = odoo.call("ir.model", "search", [["model", "=", "stock.picking"]])[0]
    values = {"name": "ours", "model_id": model, "state": "code", "code": code, "binding_model_id": model}
    return int(odoo.call("ir.actions.server", "create", values))


@pytest.mark.parametrize(
    "code",
    [
        "import os",
        "with env.cr.savepoint():\n    pass",
        "env.uid = 1",
        "x = env.__class__",
        "def f(x):\n    return lambda: x\nf(1)",
        "class A:\n    pass",
        "x = = 1",
    ],
)
def test_what_odoo_would_not_run_is_not_saved(odoo: Odoo, code: str) -> None:
    with pytest.raises(Fault) as refused:
        _action(odoo, code)
    assert refused.value.name == "odoo.exceptions.ValidationError"


def test_the_context_goes_in_and_the_action_comes_out(odoo: Odoo) -> None:
    action = _action(odoo, "action = {'given': env.context.get('x'), 'uid': uid, 'made': len(model)}")
    assert odoo.call("ir.actions.server", "run", [action], context={"x": [1, 2.5, None]}) == {
        "given": [1, 2.5, None],
        "uid": 2,
        "made": 0,
    }
    assert odoo.call("ir.actions.server", "run", [_action(odoo, "x = 1")]) is False


def test_an_error_takes_everything_back_and_a_savepoint_a_part(odoo: Odoo) -> None:
    make = "env['res.partner'].create([{'name': %r}])\n"
    broken = _action(odoo, make % "lost" + "nobody_knows()")
    with pytest.raises(Fault) as failed:
        odoo.call("ir.actions.server", "run", [broken])
    assert failed.value.name == "builtins.ValueError"
    refused = _action(odoo, make % "lost" + "raise UserError('no')")
    with pytest.raises(Fault) as said:
        odoo.call("ir.actions.server", "run", [refused])
    assert said.value.name == "odoo.exceptions.UserError"
    part = "point = env.cr.savepoint()\n" + make % "lost" + "point.close()\n" + make % "kept"
    odoo.call("ir.actions.server", "run", [_action(odoo, part)])
    found = odoo.call("res.partner", "search_read", [["name", "in", ["lost", "kept"]]], ["name"])
    assert [row["name"] for row in found] == ["kept"]


def test_an_inventory_user_runs_and_finds_but_does_not_read(odoo: Odoo) -> None:
    action = _action(odoo, "action = {'text': env['ir.actions.server'].sudo().search([]).mapped('code')}")
    groups = odoo.call("res.groups", "search", [["full_name", "=", "stock.group_stock_user"]])
    field = "groups_id" if odoo.version <= 18 else "group_ids"
    odoo.call("res.users", "write", [2], {field: [[6, 0, groups]]})
    bound = odoo.call("ir.actions.actions", "get_bindings", "stock.picking")
    assert [(row["id"], row["name"]) for row in bound["action"]] == [(action, "ours")]
    assert len(odoo.call("ir.actions.server", "run", [action])["text"]) >= 1
    for method, args in (("read", [[action]]), ("search", [[]]), ("unlink", [[action]])):
        with pytest.raises(Fault) as closed:
            odoo.call("ir.actions.server", method, *args)
        assert closed.value.name == "odoo.exceptions.AccessError"
    odoo.call("res.users", "write", [2], {field: [[6, 0, []]]})
    with pytest.raises(Fault):
        odoo.call("ir.actions.server", "run", [action])
