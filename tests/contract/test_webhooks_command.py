"""`orquestador webhooks` against a simulated Seller Center."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orquestador.cli import app
from orquestador.sandbox.falabella.server import SandboxServer
from tests.contract.falabella_market import KEY, Sandbox, running
from tests.unit.cli.support import Ended

SHOP = "https://shop.example"
DOOR = f"{SHOP}/falabella/webhook/order"
FOREIGN = (
    f"{SHOP}.org/falabella/webhook/order/x",
    f"{SHOP}/other-program/hook",
    "https://other.example/hook",
)
EVENTS = ("onOrderCreated", "onOrderItemsStatusChanged")
Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running() as server:
        yield server


@pytest.fixture
def registered(server: SandboxServer) -> Iterator[Callable[[], list[str]]]:
    """The callbacks that the marketplace has; there are three of other programs."""
    with contextlib.closing(Sandbox(server.url)):
        webhooks = server.config.app.state.world.webhooks  # type: ignore[union-attr]
        for url in FOREIGN:
            webhooks.register(url, EVENTS, "api")
        yield lambda: [callback.url for callback in webhooks.callbacks.values()]


@pytest.fixture
def run(server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*args: str, **env: str) -> Ended:
        given = {
            "APP_LANG": "en",
            "PUBLIC_URL": SHOP,
            "FALABELLA_API_URL": server.url,
            "FALABELLA_USER_ID": "ops@example.com",
            "FALABELLA_API_KEY": KEY,
            "FALABELLA_WEBHOOK_SECRET": "a-secret-for-tests",
            **env,
        }
        result = CliRunner().invoke(app, ["webhooks", *args], env=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


def _ours(ended: Ended) -> list[Any]:
    return [item for item in ended.json["items"] if item["ours"]]


def test_after_a_change_of_secret_the_earlier_entry_is_gone(
    run: Run, registered: Callable[[], list[str]]
) -> None:
    assert run("register").code == 0
    assert registered() == [*FOREIGN, f"{DOOR}/a-secret-for-tests"]
    assert run("register", FALABELLA_WEBHOOK_SECRET="another-secret").code == 0
    assert registered() == [*FOREIGN, f"{DOOR}/another-secret"]


def test_the_list_says_which_are_ours_and_shows_no_secret(
    run: Run, registered: Callable[[], list[str]]
) -> None:
    said = run("register")
    assert "falabella will notify" in said.out
    assert "a-secret-for-tests" not in said.out
    listed = run("list", "--json")
    assert len(listed.json["items"]) == 4
    assert [item["url"] for item in _ours(listed)] == [f"{DOOR}/***"]
    assert "a-secret-for-tests" not in listed.out + run("list").out


def test_only_ours_is_deleted(run: Run, registered: Callable[[], list[str]]) -> None:
    assert run("register").code == 0
    asked = run("delete")
    assert (asked.code, len(registered())) == (2, 4)
    assert "--yes" in asked.err
    foreign = next(i["id"] for i in run("list", "--json").json["items"] if not i["ours"])
    refused = run("delete", foreign, "--yes")
    assert (refused.code, len(registered())) == (2, 4)
    assert "not ours" in refused.err
    assert run("delete", "no-such-id", "--yes").code == 2
    [own] = _ours(run("list", "--json"))
    deleted = run("delete", own["id"], "--yes", "--json")
    assert (deleted.code, deleted.json["items"]) == (0, [own])
    assert registered() == list(FOREIGN)
    assert "no webhooks of ours" in run("delete", "--yes").out


def test_what_is_missing_is_said_before_anything_is_registered(
    run: Run, registered: Callable[[], list[str]]
) -> None:
    for missing in ("PUBLIC_URL", "FALABELLA_WEBHOOK_SECRET"):
        ended = run("register", **{missing: ""})
        assert (ended.code, missing in ended.err) == (2, True)
    assert "falabella" in run("register", "--channel", "falabella-pe").err
    assert run("list", "--channel", "falabella", FALABELLA_API_KEY="").code == 1
    assert registered() == list(FOREIGN)
