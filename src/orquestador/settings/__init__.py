"""Every knob, from the environment, `.env` and secret files; what cannot be used stops the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource

from orquestador.model.errors import InvalidSetting
from orquestador.settings.accounts import (
    DEFAULT_CHANNEL,
    FalabellaAccount,
    OdooAccount,
    Timeouts,
    all_on_loopback,
    default_warehouse,
    falabella_accounts,
    language,
    mode,
    odoo_account,
    own_settings,
    scopes,
    webhook_secret,
)
from orquestador.settings.callbacks import callback, own_doors
from orquestador.settings.doors import web_config
from orquestador.settings.engines import database_name, journal_file, logs_file, redis_namespace, redis_url
from orquestador.settings.files import read_secret
from orquestador.settings.findings import problems
from orquestador.settings.model import Settings
from orquestador.settings.pace import OdooPace, odoo_pace
from orquestador.settings.parse import is_placeholder
from orquestador.settings.tables import FILE, KIND_PREFIX, Tables, read_tables, refused
from orquestador.settings.twins import refuse_twins

__all__ = [
    "FalabellaAccount",
    "OdooAccount",
    "OdooPace",
    "Settings",
    "Timeouts",
    "all_on_loopback",
    "callback",
    "database_name",
    "default_warehouse",
    "falabella_accounts",
    "given",
    "is_placeholder",
    "journal_file",
    "language",
    "load",
    "logs_file",
    "mode",
    "odoo_account",
    "odoo_pace",
    "own_doors",
    "problems",
    "read_secret",
    "redis_namespace",
    "redis_url",
    "scopes",
    "web_config",
    "webhook_secret",
]

ENV_FILE = Path(".env")
_API_KEYS_EXAMPLE = "ops:operator:a-long-random-text"


def load(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings of the environment and this `.env` (None = the environment alone), and the accounts of
    `orquestador.toml`.

    Raises InvalidSetting with the name, the problem and an example.
    """
    try:
        settings = Settings(_env_file=env_file, _env_file_encoding="utf-8")
    except ValidationError as e:
        raise _explained(e.errors()[0]) from None
    settings = _with_tables(settings, env_file)
    _refuse_unsafe(settings)
    refuse_twins(settings)
    return settings


def _with_tables(settings: Settings, env_file: Path | None) -> Settings:
    """The environment and `.env` come before the table of the default account, and reach no other."""
    path = settings.orquestador_toml or FILE
    env_vars = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8").env_vars
    read = read_tables(path, env_vars, Settings, required=settings.orquestador_toml is not None)
    own: dict[str, Settings] = {}
    for table in read.values():
        try:
            own[table.id] = _Given.model_validate(table.values)
        except ValidationError as e:
            raise refused(table.id, e, Settings) from None
    if filling := own.get(DEFAULT_CHANNEL):
        names = [name for name in filling.model_fields_set if name.startswith(KIND_PREFIX)]
        filled = {name: getattr(filling, name) for name in names if _unsaid(settings, name)}
        settings = settings.model_copy(update=filled)
    settings._tables = Tables(
        path,
        own,
        variables=frozenset().union(*(table.variables for table in read.values())),
        holds_secrets=any(table.holds_secret for table in read.values()),
    )
    return settings


def _unsaid(settings: Settings, name: str) -> bool:
    """Not set, or still a sample value."""
    value = getattr(settings, name)
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return name not in settings.model_fields_set or (isinstance(plain, str) and is_placeholder(plain))


def given(values: Mapping[str, str]) -> Settings:
    """The settings of these values alone, by their names in the environment; neither that nor a file is read.

    Raises InvalidSetting.
    """
    try:
        return _Given.model_validate({name.lower(): value for name, value in values.items()})
    except ValidationError as e:
        raise _explained(e.errors()[0]) from None


class _Given(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _explained(error: ErrorDetails) -> InvalidSetting:
    # The value itself is left out: it may be a secret.
    field = str(error["loc"][0])
    name = field.upper()
    info = Settings.model_fields.get(name.lower())
    example = str(info.examples[0]) if info and info.examples else "..."
    problem = error["msg"].removeprefix("Value error, ")
    return InvalidSetting(name, problem[:1].lower() + problem[1:], example)


def _refuse_unsafe(settings: Settings) -> None:
    """In production a door that everybody can open stops the start (design §9b)."""
    if not settings.production:
        return
    if not settings.api_keys:
        raise InvalidSetting("API_KEYS", "production needs at least one API key", _API_KEYS_EXAMPLE)
    for key in settings.api_keys:
        if is_placeholder(key.key):
            raise InvalidSetting(
                "API_KEYS",
                f"the key of {key.name} is still the sample value",
                _API_KEYS_EXAMPLE,
            )
    secrets = [("ODOO_WEBHOOK_SECRET", settings.odoo_webhook_secret)]
    for account in falabella_accounts(settings):
        own = own_settings(settings, account.id)
        secrets.append((account.setting("webhook_secret"), own.falabella_webhook_secret))
    for name, secret in secrets:
        if secret and is_placeholder(secret.get_secret_value()):
            raise InvalidSetting(name, "is still the sample value", "a long random text")
