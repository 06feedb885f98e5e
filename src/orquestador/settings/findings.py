"""What is odd about the settings without being a reason not to start; `doctor` and the start-up log show it.

Codes, with their facts (the texts are in the catalogue of messages):

    placeholder          error    {setting}              the sample value is still there; it is never sent
    missing_setting      error    {setting, needed_for}  the upstream cannot be used without it
    wrong_host           error    {setting, value, right}  the sample's host is not the API's
    not_configured       warning  {upstream}             nothing of this upstream is set
    mode                 ok       {mode, chosen_by}      observe or live, by the setting or by default
    odoo_pace            ok       {profile, chosen_by, calls_per_s, in_flight, poll_s}  how fast Odoo is asked
    odoo_pace_free       ok       {the same}             as fast as it answers
    door_open            warning  {door, setting}        no secret: only this machine may post
    door_closed          error    {door, setting}        no usable secret: its webhooks are refused
    placeholder_proves   warning  {setting}              the sample secret is accepted (loopback only)
    no_api_keys          warning  {}                     the API answers this machine only
    placeholder_api_key  error    {name}                 the sample key is still there; it opens nothing
    weak_api_key         warning  {name}                 shorter than 16 characters
    cors_any_origin      warning  {}                     every site may call the API from a browser
    redis_unused         warning  {settings}             Redis is set, MongoDB is not
    no_redis             ok       {}                     MongoDB without Redis
    env_file_readable    warning  {path, mode}           other users of the machine can read `.env`, or the
                                                         secrets in `orquestador.toml`
    unknown_setting      warning  {setting, similar}     a name in `.env` that we do not know
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import SecretStr

from orquestador.ops.addresses import is_loopback_host
from orquestador.ports import Finding
from orquestador.settings.accounts import (
    FALABELLA_URL,
    FalabellaAccount,
    falabella_accounts,
    is_sample_host,
    mode,
    odoo_account,
    own_settings,
    usable,
    webhook_secret,
)
from orquestador.settings.files import SECRET_FIELDS
from orquestador.settings.model import Settings
from orquestador.settings.pace import odoo_pace
from orquestador.settings.parse import is_placeholder

KEY_LENGTH_MIN = 16
_ODOO = ("odoo_url", "odoo_db", "odoo_username")


def problems(settings: Settings, env_file: Path | None) -> list[Finding]:
    """Every finding about these settings, the ones that stop a flow first."""
    found = [
        *_odoo(settings),
        *_falabella(settings),
        *_doors(settings),
        *_access(settings),
        *_stores(settings),
        *(_env_file(env_file, settings.tables.variables) if env_file else ()),
        *(_readable(settings.tables.path) if settings.tables.holds_secrets else ()),
        Finding(
            "mode", "ok", {"mode": mode(settings), "chosen_by": "setting" if settings.mode else "default"}
        ),
    ]
    rank = {"error": 0, "warning": 1, "ok": 2}
    return sorted(found, key=lambda f: rank[f.level])


def _plain(settings: Settings, name: str) -> str | None:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _placeholders(settings: Settings, names: Iterable[str], stops: str) -> Iterator[Finding]:
    for name in names:
        if is_placeholder(_plain(settings, name)):
            yield Finding("placeholder", "error", {"setting": name.upper()}, stops)


def _missing(names: Iterable[str], needed_for: str, stops: str) -> Iterator[Finding]:
    for name in names:
        yield Finding("missing_setting", "error", {"setting": name, "needed_for": needed_for}, stops)


def _odoo(settings: Settings) -> Iterator[Finding]:
    names = (*_ODOO, "odoo_api_key", "odoo_password")
    if not any(_plain(settings, name) for name in names):
        yield Finding("not_configured", "warning", {"upstream": "odoo"}, "erp")
        return
    # A password that the API key overrules may stay a placeholder.
    watched = [n for n in names if n != "odoo_password" or not usable(settings.odoo_api_key)]
    yield from _placeholders(settings, watched, "erp")
    missing = [name.upper() for name in _ODOO if not _plain(settings, name)]
    if not settings.odoo_api_key and not settings.odoo_password:
        missing.append("ODOO_API_KEY")
    yield from _missing(missing, "odoo", "erp")
    if odoo_account(settings) is not None:
        yield _pace(settings)


def _pace(settings: Settings) -> Finding:
    pace = odoo_pace(settings)
    facts = {
        "profile": pace.profile,
        "chosen_by": pace.chosen_by,
        "calls_per_s": _whole(pace.calls_per_s),
        "in_flight": pace.in_flight,
        "poll_s": _whole(pace.poll_s),
    }
    return Finding("odoo_pace_free" if pace.calls_per_s is None else "odoo_pace", "ok", facts)


def _whole(number: float | None) -> float | None:
    """1 rather than 1.0, for people."""
    return int(number) if number is not None and number == int(number) else number


def _falabella(settings: Settings) -> Iterator[Finding]:
    for account in falabella_accounts(settings):
        yield from _account(settings, account)


def _account(settings: Settings, account: FalabellaAccount) -> Iterator[Finding]:
    own = own_settings(settings, account.id)
    if is_sample_host(account.url):
        facts = {"setting": account.setting("api_url"), "value": account.url, "right": FALABELLA_URL}
        yield Finding("wrong_host", "error", facts, account.id)
    credentials = ("user_id", "api_key")
    values = {key: _plain(own, f"falabella_{key}") for key in ("api_url", *credentials, "seller_id")}
    if not any(values[key] for key in credentials):
        yield Finding("not_configured", "warning", {"upstream": account.id}, account.id)
        return
    for key, value in values.items():
        if is_placeholder(value):
            yield Finding("placeholder", "error", {"setting": account.setting(key)}, account.id)
    missing = [account.setting(key) for key in credentials if not values[key]]
    yield from _missing(missing, account.id, account.id)


def _doors(settings: Settings) -> Iterator[Finding]:
    doors = [
        (a.id, a.setting("webhook_secret"), own_settings(settings, a.id).falabella_webhook_secret)
        for a in falabella_accounts(settings)
    ]
    for door, setting, secret in (*doors, ("odoo", "ODOO_WEBHOOK_SECRET", settings.odoo_webhook_secret)):
        facts = {"door": door, "setting": setting}
        if webhook_secret(settings, secret) is None:
            open_here = secret is None and not settings.production and is_loopback_host(settings.host)
            yield (
                Finding("door_open", "warning", facts)
                if open_here
                else Finding("door_closed", "error", facts)
            )
        elif secret and is_placeholder(secret.get_secret_value()):
            yield Finding("placeholder_proves", "warning", {"setting": setting})


def _access(settings: Settings) -> Iterator[Finding]:
    if not settings.api_keys:
        yield Finding("no_api_keys", "warning")
    for key in settings.api_keys:
        if is_placeholder(key.key):
            yield Finding("placeholder_api_key", "error", {"name": key.name})
        elif len(key.key) < KEY_LENGTH_MIN:
            yield Finding("weak_api_key", "warning", {"name": key.name})
    if "*" in settings.cors_origins:
        yield Finding("cors_any_origin", "warning")


def _stores(settings: Settings) -> Iterator[Finding]:
    names = [n.upper() for n in ("redis_url", "redis_host") if getattr(settings, n)]
    if settings.mongodb_uri is None and names:
        yield Finding("redis_unused", "warning", {"settings": ", ".join(names)})
    if settings.mongodb_uri is not None and not names:
        yield Finding("no_redis", "ok")


def _readable(path: Path) -> Iterator[Finding]:
    try:
        permissions = path.stat().st_mode & 0o777
    except OSError:
        return
    if permissions & 0o077:
        yield Finding("env_file_readable", "warning", {"path": str(path), "mode": f"{permissions:03o}"})


def _env_file(path: Path, variables: Iterable[str]) -> Iterator[Finding]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    yield from _readable(path)
    known = known_names().union(variables)
    for line in lines:
        name, equals, _ = line.strip().removeprefix("export ").partition("=")
        name = name.strip().upper()
        if not equals or name.startswith("#") or name in known:
            continue
        similar = difflib.get_close_matches(name, known, 1, 0.75)
        yield Finding("unknown_setting", "warning", {"setting": name, "similar": "".join(similar)})


def known_names() -> set[str]:
    """Every name that a `.env` may contain."""
    names = {name.upper() for name in Settings.model_fields} | {"NODE_ENV"}
    return names | {f"{name.upper()}_FILE" for name in SECRET_FIELDS}
