"""What every command has: the settings, the language, and one way to end with an error."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.words import early_language
from orquestador.i18n import advice, text
from orquestador.model.errors import ChannelRefused, InvalidSetting, OrquestadorError, StoreUnfinished

if TYPE_CHECKING:
    from orquestador.settings import Settings

ENV_FILE = Path(".env")


class Listed(TyperGroup):
    """Shows what each command does in whole sentences: the usual list is cut after half a line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.help or "") for name, command in commands if command and not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class Group(Listed):
    """Turns an error of the house into its text on standard error and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InvalidSetting as error:
            detail = text(
                early_language(ctx.obj or ENV_FILE),
                "cli.invalid_setting",
                name=error.name,
                problem=error.problem,
                example=error.example,
            )
            raise _ended(detail, None, WRONG_USAGE) from None
        except CommandFailed as error:
            raise _ended(error.detail, error.remedy, error.exit_code) from None
        except StoreUnfinished as error:
            lang = early_language(ctx.obj or ENV_FILE)
            facts = {"database": error.database, "origin": error.origin}
            detail, remedy = (
                text(lang, "store.unfinished", **facts),
                text(lang, "store.unfinished.do", **facts),
            )
            raise _ended(detail, remedy, PROBLEM) from None
        except ChannelRefused as error:
            words = advice(early_language(ctx.obj or ENV_FILE), error.code, "error", error.facts)
            # As a setting that cannot be used: a service manager must not start it again and again.
            raise _ended(f"{words.title}. {words.means}", words.do, WRONG_USAGE) from None
        except OrquestadorError as error:
            raise _ended(error.detail, getattr(error, "remedy", None), PROBLEM) from None
        except OSError as error:
            # A folder that cannot be made or written: the system's words name it.
            raise _ended(str(error), None, PROBLEM) from None


def _ended(detail: str, remedy: str | None, code: int) -> typer.Exit:
    print(detail, file=sys.stderr)
    if remedy:
        print(f"→ {remedy}", file=sys.stderr)
    return typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Session:
    """One command's settings and language."""

    settings: Settings
    env_file: Path | None
    lang: str

    def say(self, code: str, **facts: object) -> str:
        return text(self.lang, code, **facts)


def open_session(ctx: typer.Context, lang: str | None = None) -> Session:
    """The settings of `--env-file` and the environment. Raises InvalidSetting."""
    from orquestador.settings import language, load

    env_file: Path = ctx.find_root().obj or ENV_FILE
    settings = load(env_file)
    return Session(settings, env_file if env_file.exists() else None, lang or language(settings))
