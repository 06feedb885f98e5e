"""Where the journal, the logs and the queue live, as the settings name it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from orquestador.settings.model import Settings

DATABASE = "orquestador"
"""Where MONGODB_URI names none."""

JOURNAL_FILE = "orquestador.sqlite3"
LOGS_FILE = "logs.sqlite3"


def journal_file(settings: Settings) -> Path:
    """The journal of the embedded store."""
    return settings.data_dir / JOURNAL_FILE


def logs_file(settings: Settings) -> Path:
    """The call logs of the embedded store."""
    return settings.data_dir / LOGS_FILE


def redis_url(settings: Settings) -> str | None:
    """REDIS_URL, else that of REDIS_HOST and REDIS_PORT; None = no Redis."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    if settings.redis_host is None:
        return None
    host = f"[{settings.redis_host}]" if ":" in settings.redis_host else settings.redis_host
    return f"redis://{host}:{settings.redis_port}/0"


def database_name(settings: Settings) -> str | None:
    """The MongoDB database that holds everything; None on the embedded store."""
    if settings.mongodb_uri is None:
        return None
    return unquote(urlsplit(settings.mongodb_uri.get_secret_value()).path.strip("/")) or DATABASE


def redis_namespace(settings: Settings) -> str:
    """How every key of this installation begins: several may share a Redis."""
    return ":".join(part for part in ("orquestador", database_name(settings), settings.prefix) if part)
