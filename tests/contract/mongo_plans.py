"""What MongoDB does for the commands that an adapter sent: no walk through a whole collection, no sorting of
more than a few rows."""

from __future__ import annotations

import json
from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

Command = dict[str, Any]

ASKING = ("find", "aggregate", "distinct", "count", "update", "delete", "findAndModify")
FEW = ("works", "sku", "number")
"""What has one order or one SKU is few enough to be sorted."""


class Recorder(CommandListener):
    """Every command that asks or changes something by a condition."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ASKING:
            self.commands.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def assert_no_walk(database: Any, command: Command, checked: set[str] | None = None) -> None:
    """Explains each statement of the command once per shape. A copy of everything may walk: it says so by the
    hint `$natural`."""
    for asked in _statements(command):
        shape = json.dumps(_shape(asked))
        if (checked is not None and shape in checked) or asked.get("hint") == {"$natural": 1}:
            continue
        if checked is not None:
            checked.add(shape)
        explained = await database.command({"explain": asked, "verbosity": "queryPlanner"})
        stages = set(_stages(explained))
        assert stages, explained
        assert "COLLSCAN" not in stages, asked
        assert "SORT" not in stages or any(f"'{name}'" in str(asked) for name in FEW), asked


def _statements(command: Command) -> list[Command]:
    """The command without what is about the connection; one statement of a write at a time."""
    about = ("lsid", "txnNumber", "writeConcern", "readConcern")
    asked = {k: v for k, v in command.items() if k[0] != "$" and k not in about}
    for statements in ("updates", "deletes"):
        if statements in asked:
            return [{**asked, statements: [one]} for one in asked[statements]]
    return [asked]


def _shape(value: Any) -> Any:
    """The same for commands that differ in values alone."""
    if isinstance(value, dict):
        return {key: None if key == "$literal" else _shape(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        shapes = [_shape(part) for part in value]
        return [shape for n, shape in enumerate(shapes) if shape not in shapes[:n]]
    return type(value).__name__


def _stages(value: Any) -> list[str]:
    """The names of all stages of all plans that would be used."""
    if isinstance(value, list):
        return [stage for part in value for stage in _stages(part)]
    if not isinstance(value, dict):
        return []
    own = [value["stage"]] if isinstance(value.get("stage"), str) else []
    return own + [s for key, part in value.items() if key != "rejectedPlans" for s in _stages(part)]
