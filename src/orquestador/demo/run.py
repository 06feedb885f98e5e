"""`orquestador demo`: start the processes, play the scenario, compare, clean up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType

import httpx2

from orquestador.demo.arithmetic import Row, all_agree
from orquestador.demo.engines import EngineAway, find_engines
from orquestador.demo.play import Play
from orquestador.demo.processes import House, ProcessEnded, house
from orquestador.demo.scenario import Scenario, build
from orquestador.demo.stage import Stage, Unexpected
from orquestador.demo.view import ALARM, SilentView, View, make_console
from orquestador.model.errors import InvalidSetting

WELL, PROBLEM = 0, 1
LOOK_AFTER_S = 1.0


def run(*, orders: int, seed: int, keep: bool, as_json: bool) -> int:
    """The whole demo; the exit code: 0 only when every number agrees and nothing is left on an engine.

    No `.env` is read: addresses of engines come from the real environment, everything else is the demo's own.
    """
    lang = language(os.environ)
    view: View = SilentView(lang) if as_json else View(make_console(sys.stdout), lang)
    code, engines = PROBLEM, None
    with _ending_on_signals() as undisturbed:
        try:
            engines = find_engines(os.environ)
            with house(os.environ, engines, undisturbed) as built:
                code = _perform(
                    build(orders, seed), built, view, seed=seed, lang=lang, keep=keep, as_json=as_json
                )
        except ProcessEnded as error:
            view.failure(error)
        except EngineAway as error:
            view.line(
                "demo.engine_away", style=ALARM, engine=error.engine, where=error.where, detail=error.detail
            )
        except (Unexpected, InvalidSetting) as error:
            view.line("demo.refused", style=ALARM, detail=str(error))
        except (httpx2.HTTPError, OSError) as error:
            view.line("demo.refused", style=ALARM, detail=f"{type(error).__name__}: {error}")
        except KeyboardInterrupt:
            view.line("demo.interrupted")
        finally:
            undisturbed()
            if engines is not None and engines.mongodb is not None:
                removal = engines.remove()
                view.removed(engines, removal)
                code = PROBLEM if removal.left else code
    return code


def _perform(
    scenario: Scenario, built: House, view: View, *, seed: int, lang: str, keep: bool, as_json: bool
) -> int:
    began = time.monotonic()
    view.title(seed, built.engines)
    with view.playing():
        view.phase("demo.starting_sandboxes")
        built.start_sandboxes()
        with Stage(built) as stage:
            play = Play(scenario, stage, view)
            play.set_up()
            view.phase("demo.starting_service", commands=" + ".join(built.commands.values()))
            built.start_service(lang)
            rows = play.perform()
            view.end(well=all_agree(rows))
    seconds = time.monotonic() - began
    with Stage(built) as stage:
        view.result(rows, orders=len(scenario.orders), seed=seed, seconds=seconds, why=stage.why)
    if as_json:
        sys.stdout.write(report(rows, len(scenario.orders), seconds) + "\n")
        sys.stdout.flush()
    if keep:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how it ends
            view.keeping(built)
            _stay(built)
    return verdict(rows)


def verdict(rows: Sequence[Row]) -> int:
    return WELL if all_agree(rows) else PROBLEM


def report(rows: Sequence[Row], orders: int, seconds: float) -> str:
    """The demo as one JSON object (design §9b)."""
    return json.dumps(
        {
            "agree": all_agree(rows),
            "orders": orders,
            "duration_s": round(seconds, 2),
            "skus": [
                {
                    "sku": row.sku,
                    "expected": row.expected,
                    "erp": row.erp,
                    "expected_listing": row.expected_listing,
                    "listing": row.listing,
                }
                for row in rows
            ],
        }
    )


def language(environment: Mapping[str, str]) -> str:
    """APP_LANG, or else the language of LANG, or else English."""
    wanted = environment.get("APP_LANG") or environment.get("LANG") or ""
    return "es" if wanted.strip().lower().startswith("es") else "en"


def _stay(built: House) -> None:
    """For good. Raises ProcessEnded when one of the three ends by itself."""
    while True:
        built.check()
        time.sleep(LOOK_AFTER_S)


@contextlib.contextmanager
def _ending_on_signals() -> Iterator[Callable[[], None]]:
    """The first SIGINT, SIGTERM or SIGHUP ends the demo in order; further ones do not disturb that, and none
    does after the call of what is yielded."""
    told = False

    def undisturbed() -> None:
        nonlocal told
        told = True

    if threading.current_thread() is not threading.main_thread():
        yield undisturbed
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        if not told:
            undisturbed()
            raise KeyboardInterrupt

    before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield undisturbed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
