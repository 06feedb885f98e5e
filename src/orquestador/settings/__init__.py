"""Every knob, from the environment, `.env` and secret files; what cannot be used stops the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from orquestador.model.errors import InvalidSetting
from orquestador.settings.accounts import (
    FalabellaAccount,
    OdooAccount,
    Timeouts,
    all_on_loopback,
    default_warehouse,
    falabella_accounts,
    language,
    mode,
    odoo_account,
    scopes,
    webhook_secret,
)
from orquestador.settings.doors import web_config
from orquestador.settings.engines import database_name, journal_file, logs_file, redis_namespace, redis_url
from orquestador.settings.files import read_secret
from orquestador.settings.findings import problems
from orquestador.settings.model import Settings
from orquestador.settings.pace import OdooPace, odoo_pace
from orquestador.settings.parse import is_placeholder

__all__ = [
    "FalabellaAccount",
    "OdooAccount",
    "OdooPace",
    "Settings",
    "Timeouts",
    "all_on_loopback",
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
    """The settings of the environment and this `.env` (None = the environment alone).

    Raises InvalidSetting with the name, the problem and an example.
    """
    try:
        settings = Settings(_env_file=env_file, _env_file_encoding="utf-8")
    except ValidationError as e:
        raise _explained(e.errors()[0]) from None
    _refuse_unsafe(settings)
    return settings


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
    for name in ("falabella_webhook_secret", "odoo_webhook_secret"):
        secret = getattr(settings, name)
        if secret and is_placeholder(secret.get_secret_value()):
            raise InvalidSetting(name.upper(), "is still the sample value", "a long random text")
