"""The language of the command line, known before any setting is read (for the texts of `--help`)."""

from __future__ import annotations

import os
from pathlib import Path

from orquestador.i18n import text


def early_language(env_file: Path = Path(".env")) -> str:
    """What `settings.language` will say, without its cost: APP_LANG, else LANG, each also from `.env`."""
    for name in ("APP_LANG", "LANG"):
        value = os.environ.get(name) or _from_file(env_file, name)
        if value:
            return "es" if value.strip().lower().startswith("es") else "en"
    return "en"


def _from_file(path: Path, name: str) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        key, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and key.strip().upper() == name:
            return value.strip().strip("\"'")
    return None


HELP_LANGUAGE = early_language()


def help_text(name: str) -> str:
    return text(HELP_LANGUAGE, f"help.{name}")
