"""`NAME_FILE=/run/secrets/name`: a secret from a file, as container platforms hand them out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from orquestador.model.errors import InvalidSetting

SECRET_FIELDS = (
    "mongodb_uri",
    "redis_url",
    "falabella_api_key",
    "falabella_webhook_secret",
    "odoo_password",
    "odoo_api_key",
    "odoo_webhook_secret",
    "api_keys",
)
_MAX_BYTES = 64 * 1024


class SecretFilesSource(PydanticBaseSettingsSource):
    """The content of the file that `NAME_FILE` names, for each secret, beside another source."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        # The environment and `.env` sources of pydantic-settings keep what they read, names in lower case.
        self._vars: Mapping[str, str | None] = (
            source.env_vars if isinstance(source, EnvSettingsSource) else {}
        )

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self._vars.get(f"{field_name}_file") if field_name in SECRET_FIELDS else None
        return (read_secret(f"{field_name.upper()}_FILE", path) if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value:
                values[key] = value
        return values


def read_secret(name: str, path: str) -> str:
    """The text of a secret's file without the newline at its end."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise InvalidSetting(name, "the file is too long for a secret", "/run/secrets/my_secret")
        return raw.decode().strip()
    except OSError as e:
        raise InvalidSetting(
            name, f"the file {path!r} cannot be read ({e.strerror})", "/run/secrets/my_secret"
        ) from e
    except UnicodeDecodeError as e:
        raise InvalidSetting(name, f"the file {path!r} is not text", "/run/secrets/my_secret") from e
