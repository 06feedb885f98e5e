"""Server actions of type code: what their text may say, and the record sets that it works with.

Odoo runs such a text as the user who called it, with little more than `env`, `model` and `UserError` at hand
(odoo.md 5.7; the limits were tried on real 17, 18 and 19 servers and read in public code).
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any

from orquestador.sandbox.odoo import rights
from orquestador.sandbox.odoo.env import Env, as_ids
from orquestador.sandbox.odoo.errors import SerializationFailure, UserError, ValidationError
from orquestador.sandbox.odoo.fields import X2MANY

BUILTINS = {
    kind.__name__: kind
    for kind in (
        *(
            abs,
            all,
            any,
            bool,
            bytes,
            chr,
            dict,
            divmod,
            enumerate,
            filter,
            float,
            int,
            isinstance,
            len,
            list,
        ),
        *(map, max, min, ord, range, repr, round, set, sorted, str, sum, tuple, zip, Exception),
    )
}
_PARTS: tuple[type[ast.AST], ...] = (
    *(
        ast.Module,
        ast.Expr,
        ast.Assign,
        ast.AugAssign,
        ast.For,
        ast.While,
        ast.If,
        ast.Try,
        ast.ExceptHandler,
    ),
    *(ast.Raise, ast.FunctionDef, ast.Return, ast.Break, ast.Continue, ast.Pass, ast.Lambda, ast.arguments),
    *(ast.arg, ast.keyword, ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Constant),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.comprehension, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Starred),
    *(ast.JoinedStr, ast.FormattedValue, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
    *(ast.Load, ast.Store),
)
_FRAMES = ("f_", "gi_", "co_", "cr_", "ag_", "tb_", "func_")


def check_text(code: str) -> None:
    """ValidationError when Odoo would not save this text: imports, `with`, classes, attributes that are set,
    names with two underscores, and functions that use the variables of another one."""
    try:
        tree = ast.parse(code.strip())
    except SyntaxError as error:
        raise ValidationError(f"SyntaxError : {error.msg} at line {error.lineno}") from error
    for node in ast.walk(tree):
        stores = isinstance(node, ast.Attribute | ast.Starred) and isinstance(node.ctx, ast.Store)
        if stores or not isinstance(node, _PARTS):
            raise ValidationError(f"forbidden opcode(s): {type(node).__name__}")
    _check_names(compile(tree, "", "exec"))


def _check_names(code: CodeType) -> None:
    if code.co_cellvars or code.co_freevars:
        raise ValidationError("forbidden opcode(s): LOAD_DEREF")
    for name in code.co_names:
        if "__" in name or name.startswith(_FRAMES):
            raise ValidationError(f"Access to forbidden name {name!r}")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _check_names(constant)


def run_text(env: Env, model: str, code: str) -> Any:
    """Run a text as the user of `env`; gives what it called `action`. What it raises, other than an error of
    Odoo's own, arrives as a ValueError."""
    records = Records(env, model, ())
    known: dict[str, Any] = {
        "__builtins__": dict(BUILTINS),
        "env": Environment(env),
        "model": records,
        "record": None,
        "records": None,
        "uid": env.uid,
        "user": Records(env, "res.users", (env.uid,)),
        "UserError": UserError,
    }
    try:
        exec(compile(code.strip(), "", "exec"), known)
    except (UserError, SerializationFailure, ZeroDivisionError):
        raise
    except Exception as error:
        raise ValueError(f"{error!r} while evaluating\n{code!r}") from error
    return known.get("action")


class Cursor:
    """The transaction that a text runs in."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def savepoint(self) -> Savepoint:
        return Savepoint(self._env)


class Savepoint:
    """Where a transaction can go back to. It cannot be used by `with`, which Odoo forbids."""

    def __init__(self, env: Env) -> None:
        self._env, self._mark, self._closed = env, env.tx.mark(), False

    def rollback(self) -> None:
        self._env.tx.back_to(self._mark)

    def close(self, *, rollback: bool = True) -> None:
        if not self._closed and rollback:
            self.rollback()
        self._closed = True


class Environment:
    """`env`: models by name, the context, the cursor."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self.context, self.uid, self.cr = env.context, env.uid, Cursor(env)

    def __getitem__(self, model: str) -> Records:
        if model not in self._env.registry.models:
            raise KeyError(model)
        return Records(self._env, model, ())

    @property
    def user(self) -> Records:
        return Records(self._env, "res.users", (self._env.uid,))


class Records:
    """A record set: fields by attribute, and the public methods of its model."""

    def __init__(self, env: Env, model: str, ids: Sequence[int]) -> None:
        self._env, self._name, self._ids = env, model, tuple(dict.fromkeys(ids))

    # -- a set

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Records]:
        return (self._of([row_id]) for row_id in self._ids)

    def __getitem__(self, key: int | slice) -> Records:
        return self._of(self._ids[key] if isinstance(key, slice) else [self._ids[key]])

    def __or__(self, other: Records) -> Records:
        return self._of([*self._ids, *other._ids])

    def __sub__(self, other: Records) -> Records:
        return self._of([row_id for row_id in self._ids if row_id not in other._ids])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and (self._name, set(self._ids)) == (other._name, set(other._ids))

    def __hash__(self) -> int:
        return hash((self._name, frozenset(self._ids)))

    @property
    def ids(self) -> list[int]:
        return list(self._ids)

    def browse(self, ids: Any = ()) -> Records:
        return self._of(as_ids(ids))

    def filtered(self, test: Callable[[Records], Any]) -> Records:
        return self._of([row_id for row_id in self._ids if test(self._of([row_id]))])

    def mapped(self, name: str) -> Any:
        if self._env.field(self._name, name).relation:
            return getattr(self, name)
        return [getattr(one, name) for one in self]

    # -- how it is looked at

    def with_context(self, context: Mapping[str, Any] | None = None, **more: Any) -> Records:
        base = self._env.context if context is None else context
        return Records(self._env.again({**base, **more}), self._name, self._ids)

    def sudo(self) -> Records:
        return Records(self._env.again(self._env.context, superuser=True), self._name, self._ids)

    # -- what it is asked

    def create(self, vals_list: Any) -> Records:
        return self._of(as_ids(self._call("create", vals_list)))

    def search(self, domain: Sequence[Any], **more: Any) -> Records:
        return self._of(self._call("search", domain, **more))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        field = self._env.registry.fields[self._name].get(name)
        if field is None:
            return self._method(name)
        self._may([name])
        found = self._env[self._name].values_of(self._ids, name)
        if field.relation:
            values = [found[row_id] for row_id in self._ids]
            ids = [one for many in values for one in many] if field.type in X2MANY else filter(None, values)
            return Records(self._env, field.relation, list(ids))
        if len(self._ids) > 1:
            raise ValueError(f"Expected singleton: {self._name}{self._ids}")
        return found[self._ids[0]] if self._ids else False

    def _method(self, name: str) -> Callable[..., Any]:
        function = inspect.getattr_static(self._env.registry.models[self._name], name, None)
        if not inspect.isfunction(function) or "rpc_writes" not in function.__dict__:
            raise AttributeError(f"'{self._name}' object has no attribute '{name}'")
        on_records = "ids" in inspect.signature(function).parameters

        def method(*args: Any, **named: Any) -> Any:
            return self._call(name, *([self.ids] if on_records else []), *args, **named)

        return method

    def _call(self, name: str, *args: Any, **named: Any) -> Any:
        self._may(named.get("fields") or ())
        model = self._env[self._name]
        self._env.bill(f"{self._name}.{name}", args)
        return getattr(model, name)(*args, **named)

    def _may(self, fields: Any) -> None:
        if not self._env.superuser:
            rights.check(self._env, self._name, fields)

    def _of(self, ids: Sequence[int]) -> Records:
        return Records(self._env, self._name, ids)
