"""Answers as XML or JSON, in every list shape that was seen (falabella.md 1.4, 1.5)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape

ListShape = Literal["object-if-one", "array", "wrapper-array"]
LIST_SHAPES: tuple[ListShape, ...] = ("object-if-one", "array", "wrapper-array")


@dataclass(frozen=True, slots=True)
class Rows:
    """A repeated element `name`; its JSON shape is a matter of the switch `list_shape`."""

    name: str
    items: Sequence["Node"]


Node: TypeAlias = str | Mapping[str, "Node"] | Rows
Json: TypeAlias = str | dict[str, "Json"] | list["Json"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action answers: the body and what belongs into the head."""

    body: Node = ""
    response_type: str = ""
    request_id: str = ""
    head: Mapping[str, Node] = field(default_factory=dict)


def to_json(node: Node, shape: ListShape) -> Json:
    """Scalars as strings, empty nodes as `""`, lists in the asked shape."""
    if isinstance(node, str):
        return node
    if isinstance(node, Rows):
        rows = [to_json(item, shape) for item in node.items]
        if not rows:
            return ""
        if shape == "wrapper-array":
            return [{node.name: row} for row in rows]
        return {node.name: rows[0] if shape == "object-if-one" and len(rows) == 1 else rows}
    return {name: to_json(child, shape) for name, child in node.items()} or ""


def to_xml(node: Node, *, indented_text: bool, depth: int = 1) -> str:
    """The content of an element; with `indented_text` the text itself is padded, as in the documentation."""
    pad = "  " * depth
    if isinstance(node, str):
        text = escape(node)
        return f"\n{pad}{text}\n{pad[2:]}" if indented_text and text else text
    children = [(node.name, item) for item in node.items] if isinstance(node, Rows) else list(node.items())
    if not children:
        return ""
    lines: list[str] = []
    for name, child in children:
        content = to_xml(child, indented_text=indented_text, depth=depth + 1)
        lines.append(f"{pad}<{name}>{content}</{name}>" if content else f"{pad}<{name}/>")
    return "\n" + "\n".join(lines) + "\n" + pad[2:]


def render(
    root: str, document: Mapping[str, Node], *, as_json: bool, shape: ListShape, indented_text: bool
) -> tuple[bytes, str]:
    """The whole document and its media type."""
    if as_json:
        text = json.dumps({root: to_json(document, shape)}, ensure_ascii=False)
        return text.encode(), "application/json"
    content = to_xml(document, indented_text=indented_text)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{content}</{root}>\n'.encode(),
        "text/xml; charset=utf-8",
    )
