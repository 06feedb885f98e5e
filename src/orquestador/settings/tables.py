"""`orquestador.toml`: one table `[channels.<id>]` for each marketplace account (docs/accounts.md).

A key is the name of a setting without `FALABELLA_`, and is validated as that setting; `buffer`, `cap` and
`publish` are those of STOCK_BUFFER, STOCK_CAP and PUBLISH for this account alone. Secrets may stay outside:
`api_key_file` names a file, `api_key_env` a variable.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from orquestador.model.errors import InvalidSetting
from orquestador.settings.files import SECRET_FIELDS, read_secret

if TYPE_CHECKING:
    from orquestador.settings.model import Settings

FILE = Path("orquestador.toml")
KIND = "falabella"
KIND_PREFIX = f"{KIND}_"
OWN = {"buffer": "stock_buffer", "cap": "stock_cap", "publish": "publish"}
"""What is the same setting for all channels, and may differ for one."""
SECRETS = tuple(name.removeprefix(KIND_PREFIX) for name in SECRET_FIELDS if name.startswith(KIND_PREFIX))
ID_CHARS_MAX = 20
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_FLOWS = (
    "erp",
    "intake",
    "journal",
    "logs",
    "manual",
    "orchestrator",
    "orders",
    "queue",
    "settings",
    "stock",
)
_PATHS = (
    "admin",
    "settings",
    "all",
    "api",
    "channels",
    "demo",
    "health",
    "orquestador",
    "sandbox",
    "skus",
    "webhooks",
)
_OTHERS = ("mercadolibre", "mirakl", "mongodb", "odoo", "redis")
RESERVED = frozenset((*_FLOWS, *_PATHS, *_OTHERS))
"""Words that mean something else in keys, logs or addresses, and the names of other systems."""
MAX_BYTES = 1024 * 1024
ID_EXAMPLE = "falabella-pe"


@dataclass(frozen=True, slots=True)
class Table:
    """One account as its table says it: values by the names of settings, in lower case."""

    id: str
    values: Mapping[str, object]
    variables: frozenset[str] = frozenset()
    """Variables that its secrets come from."""
    holds_secret: bool = False
    """A secret stands in the file itself."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the file says, each account validated alone, in its order."""

    path: Path = FILE
    own: Mapping[str, Settings] = field(default_factory=dict)
    """Per channel id the settings of its table, and nothing else: all others have their default."""
    variables: frozenset[str] = frozenset()
    """Names that a `.env` may contain because a table takes a secret from them."""
    holds_secrets: bool = False


def read_tables(
    path: Path, env_vars: Mapping[str, str | None], settings: type[BaseModel], *, required: bool
) -> dict[str, Table]:
    """The accounts of this file, in its order; none where there is no file and none is required. `env_vars`:
    what `.env` says, names in lower case.

    Raises InvalidSetting with the place, the problem and an example; never with a value.
    """
    document = _document(path, required=required)
    for name in document:
        if name != "channels":
            problem = f"{path} has a part that we do not know; everything in it is below [channels.<id>]"
            raise InvalidSetting(name, problem, f"[channels.{ID_EXAMPLE}]")
    channels = document.get("channels", {})
    if not isinstance(channels, dict):
        raise InvalidSetting("channels", f"in {path} it is no table", f"[channels.{ID_EXAMPLE}]")
    return {name: _table(name, found, env_vars, settings) for name, found in channels.items()}


def _document(path: Path, *, required: bool) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if not required:
            return {}
        raise InvalidSetting("ORQUESTADOR_TOML", f"there is no file {path}", "orquestador.toml") from None
    except OSError as e:
        problem = f"the file {path} cannot be read ({e.strerror})"
        raise InvalidSetting("ORQUESTADOR_TOML", problem, "orquestador.toml") from e
    if len(raw) > MAX_BYTES:
        raise InvalidSetting("ORQUESTADOR_TOML", f"the file {path} is too long", "orquestador.toml")
    try:
        return tomllib.loads(raw.decode())
    except UnicodeDecodeError as e:
        raise InvalidSetting("ORQUESTADOR_TOML", f"the file {path} is not text", "orquestador.toml") from e
    except tomllib.TOMLDecodeError as e:
        # Where, and not what: a line may hold a secret.
        place = re.search(r"\(at [^)]*\)", str(e))
        where = f" {place.group()}" if place else ""
        problem = f"the file {path} is not TOML{where}; texts stand in quotes"
        raise InvalidSetting("ORQUESTADOR_TOML", problem, "orquestador.toml") from None


def _table(
    channel: str, found: object, env_vars: Mapping[str, str | None], settings: type[BaseModel]
) -> Table:
    _check_id(channel)
    if not isinstance(found, dict):
        raise InvalidSetting(f"channels.{channel}", "it is no table", f"[channels.{channel}]")
    known = _known(settings)
    given: dict[str, object] = {}
    used: set[str] = set()
    for key, value in found.items():
        name = _name(channel, key)
        if key == "kind":
            if value != KIND:
                raise InvalidSetting(name, f"the only kind there is: {KIND}", f'"{KIND}"')
            continue
        if key in _indirect():
            if not isinstance(value, str):
                raise InvalidSetting(name, "it must be a text", _indirect()[key])
            if not value.strip():
                continue
            secret, text = key.rpartition("_")[0], value.strip()
            if secret in found:
                raise InvalidSetting(name, f"{secret} is given too; keep one of them", _indirect()[key])
            if key.endswith("_file"):
                given[secret] = read_secret(name, text)
            else:
                used.add(text.upper())
                given[secret] = _variable(name, text, env_vars)
        elif key not in known:
            similar = difflib.get_close_matches(key, known, 1, 0.6)
            hint = f"; similar: {similar[0]}" if similar else f"; the keys are {', '.join(sorted(known))}"
            raise InvalidSetting(name, f"is not a key that we know{hint}", '"..."')
        elif value != "":
            given[key] = _plain(name, value)
    named = {OWN.get(key, f"{KIND_PREFIX}{key}"): value for key, value in given.items()}
    in_file = any(isinstance(found.get(key), str) and found[key] for key in SECRETS)
    return Table(channel, named, frozenset(used), holds_secret=in_file)


def _check_id(channel: str) -> None:
    problem = None
    if len(channel) > ID_CHARS_MAX or not _ID.fullmatch(channel):
        problem = f"a channel's id has up to {ID_CHARS_MAX} of a-z, 0-9 and - (not at its ends)"
    elif channel in RESERVED:
        problem = "this name means something else here"
    if problem:
        raise InvalidSetting(f"channels.{channel}", problem, f"[channels.{ID_EXAMPLE}]")


def _known(settings: type[BaseModel]) -> set[str]:
    """Every key of a table."""
    own = {name.removeprefix(KIND_PREFIX) for name in settings.model_fields if name.startswith(KIND_PREFIX)}
    return {*own, *OWN, *_indirect(), "kind"}


def _indirect() -> dict[str, str]:
    """The keys that name where a secret is, with an example each."""
    found = {}
    for secret in SECRETS:
        found[f"{secret}_file"] = f'"/run/secrets/{secret}"'
        found[f"{secret}_env"] = f'"PERU_{secret.upper()}"'
    return found


def _variable(name: str, variable: str, env_vars: Mapping[str, str | None]) -> str:
    value = (os.environ.get(variable) or env_vars.get(variable.lower()) or "").strip()
    if not value:
        raise InvalidSetting(name, f"the variable {variable} is not set", f'"{variable}"')
    return value


def _plain(name: str, value: object) -> object:
    """A value that the settings' own validation understands."""
    if isinstance(value, list):
        if not all(isinstance(item, str) and item.strip() for item in value):
            raise InvalidSetting(name, "it must be a list of texts", '["A", "B"]')
        return tuple(dict.fromkeys(item.strip() for item in value))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidSetting(name, "it must be a text or a number", '"..."')
    return value


def _name(channel: str, key: str) -> str:
    return f"channels.{channel}.{key}"


def refused(channel: str, errors: ValidationError, settings: type[BaseModel]) -> InvalidSetting:
    """The first of these errors, in the words of the table."""
    error = errors.errors()[0]
    field = str(error["loc"][0])
    info = settings.model_fields.get(field)
    key = next((k for k, name in OWN.items() if name == field), field.removeprefix(KIND_PREFIX))
    example = str(info.examples[0]) if info and info.examples else "..."
    problem = error["msg"].removeprefix("Value error, ")
    shown = example if example.replace(".", "", 1).isdigit() else f'"{example}"'
    return InvalidSetting(_name(channel, key), problem[:1].lower() + problem[1:], shown)
