"""Search domains in Odoo's prefix notation, evaluated set by set so that an index can do most of the work."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orquestador.sandbox.odoo.fields import X2MANY, Field, parse_instant

if TYPE_CHECKING:
    from orquestador.sandbox.odoo.env import Env

_NEGATIVE = {"!=": "=", "<>": "=", "not in": "in", "not like": "like", "not ilike": "ilike"}
_PATTERNS = frozenset({"like", "ilike", "=like", "=ilike"})
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition `(field, operator, value)`."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; no part at all is true."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """The part does not hold."""

    part: Node


Node = Leaf | All | Some | Negated


def parse(domain: Sequence[Any]) -> Node:
    """The tree of a domain; ValueError when it is malformed."""
    stack: list[Node] = []
    for term in reversed(domain):
        if term == "!":
            stack.append(Negated(_pop(stack, domain)))
        elif term in ("&", "|"):
            first, second = _pop(stack, domain), _pop(stack, domain)
            stack.append(All((first, second)) if term == "&" else Some((first, second)))
        elif isinstance(term, list | tuple) and len(term) == 3:
            stack.append(Leaf(str(term[0]), str(term[1]).lower(), term[2]))
        else:
            raise ValueError(f"Invalid leaf {term!r} in domain {domain!r}")
    return All(tuple(reversed(stack)))


def _pop(stack: list[Node], domain: Sequence[Any]) -> Node:
    if not stack:
        raise ValueError(f"Domain {domain!r} is syntactically not correct.")
    return stack.pop()


def mentions(node: Node, field: str) -> bool:
    """Whether a domain has a condition on `field`."""
    if isinstance(node, Leaf):
        return node.field == field
    if isinstance(node, Negated):
        return mentions(node.part, field)
    return any(mentions(part, field) for part in node.parts)


def select(env: Env, model: str, node: Node, within: set[int] | None = None) -> set[int]:
    """The ids of `model` for which `node` holds, among `within` (None: all)."""
    if isinstance(node, Leaf):
        return _select_leaf(env, model, node, within)
    if isinstance(node, Negated):
        base = env.tx.ids(model) if within is None else within
        return base - select(env, model, node.part, base)
    if isinstance(node, Some):
        return set().union(*(select(env, model, part, within) for part in node.parts))
    found = within
    for part in sorted(node.parts, key=lambda part: not _is_cheap(env, model, part)):
        found = select(env, model, part, found)
    return env.tx.ids(model) if found is None else found


def _is_cheap(env: Env, model: str, node: Node) -> bool:
    if isinstance(node, Leaf):
        name = node.field.split(".")[0]
        return name == "id" or (env.tx.indexed(model, name) and node.operator in ("=", "in"))
    if isinstance(node, Negated):
        return False
    return all(_is_cheap(env, model, part) for part in node.parts)


def _select_leaf(env: Env, model: str, leaf: Leaf, within: set[int] | None) -> set[int]:
    negative = _NEGATIVE.get(leaf.operator)
    if negative is not None and "." not in leaf.field:
        base = env.tx.ids(model) if within is None else within
        return base - _select_leaf(env, model, Leaf(leaf.field, negative, leaf.value), base)
    name, _, rest = leaf.field.partition(".")
    field = env.field(model, name)
    if rest:
        reached = env[field.relation].select([(rest, leaf.operator, leaf.value)])
        return _select_leaf(env, model, Leaf(name, "in", list(reached)), within)
    test, keys = _condition(env, model, name, field, leaf)
    if keys is not None and name == "id":
        found = {key for key in keys if isinstance(key, int) and env.tx.get(model, key) is not None}
        return found if within is None else found & within
    if keys is not None and env.tx.indexed(model, name):
        found = env.tx.matching(model, name, keys)
        return found if within is None else found & within
    candidates = env.tx.ids(model) if within is None else within
    values = env[model].values_of(candidates, name)
    return {row_id for row_id in candidates if test(values[row_id])}


def _condition(
    env: Env, model: str, name: str, field: Field, leaf: Leaf
) -> tuple[Callable[[Any], bool], list[Any] | None]:
    """A test of one value and, when the test is membership, the values that pass it."""
    op, value = leaf.operator, leaf.value
    relation = model if name == "id" else field.relation
    if op in ("child_of", "parent_of"):
        keys: list[Any] = list(env[relation].tree(_as_ids(env, relation, value), op))
        return _membership(field, keys)
    if relation and field.type != "integer" and _has_text(value) and op in {"=", "in", *_PATTERNS}:
        named = [value] if isinstance(value, str) else list(value)
        keys = [
            key for text in named for key in env[relation].ids_named(text, op if op in _PATTERNS else "=")
        ]
        return _membership(field, keys)
    if op in ("=", "==", "in", "=?"):
        if op == "=?" and value in (False, None):
            return (lambda _: True), None
        listed = isinstance(value, list | tuple)
        keys = [_plain(field, item) for item in (value if listed else [value])]
        return _membership(field, keys)
    if op in _PATTERNS:
        pattern = like(str(value), op)
        return (lambda found: found is not False and pattern.search(str(found)) is not None), None
    if op in _COMPARE:
        compare, bound = _COMPARE[op], _plain(field, value)
        numeric = field.type in ("integer", "float")
        return (lambda found: (numeric or found is not False) and bool(compare(found, bound))), None
    raise ValueError(f"Invalid operator {op!r} in domain term on {model}.{name}")


def _membership(field: Field, keys: list[Any]) -> tuple[Callable[[Any], bool], list[Any] | None]:
    wanted = set(keys)
    if field.type in X2MANY:
        empty = False in wanted
        return (lambda found: bool(wanted.intersection(found)) or (empty and not found)), None
    return (lambda found: found in wanted), keys


def _has_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list | tuple) and any(isinstance(item, str) for item in value)
    )


def _as_ids(env: Env, model: str, value: Any) -> list[int]:
    if isinstance(value, str):
        return env[model].ids_named(value, "ilike")
    return [int(item) for item in (value if isinstance(value, list | tuple) else [value]) if item]


def _plain(field: Field, value: Any) -> Any:
    if value is None or value == "":
        return False
    if field.type == "datetime":
        return parse_instant(value)
    return value


def like(text: str, op: str) -> re.Pattern[str]:
    """The regular expression of a `like` pattern: `%` and `_` are wild, a plain `like` searches inside."""
    body = "".join(".*" if char == "%" else "." if char == "_" else re.escape(char) for char in text)
    whole = f"^{body}$" if op.startswith("=") else body
    return re.compile(whole, re.DOTALL | (re.IGNORECASE if op.endswith("ilike") else 0))
