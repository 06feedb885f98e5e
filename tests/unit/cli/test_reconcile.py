"""`orquestador reconcile`: what it says, and that it needs something to compare with."""

from __future__ import annotations

import pytest

from orquestador.cli.reconcile import _show
from orquestador.cli.session import Session
from orquestador.cli.shape import Row
from tests.unit.cli.support import Shop

ITEM: Row = {
    "channel": "falabella",
    "last": {
        "started_at": "2026-11-24T12:00:00.000Z",
        "finished_at": "2026-11-24T12:00:21.500Z",
        "listings": 10_000,
        "under_way": 3,
        "frozen": 2,
        "drift": {"edited": 1, "rejected": 24},
        "repaired": 1,
        "items": [
            {"sku": "SKU-1", "shows": 99, "should": 7, "drift": "edited", "repaired": True},
            *(
                {"sku": f"BAD-{n}", "shows": 9, "should": 7, "drift": "rejected", "repaired": False}
                for n in range(24)
            ),
        ],
    },
}


def test_without_access_to_both_sides_there_is_nothing_to_compare(shop: Shop) -> None:
    shop.receive("1")
    ended = shop.run("reconcile")
    assert ended.code == 1
    assert "nothing to compare" in ended.err
    assert "doctor" in ended.err
    assert "No hay con qué comparar" in shop.run("reconcile", APP_LANG="es").err


def test_an_unknown_channel_is_wrong_usage(shop: Shop) -> None:
    shop.receive("1")
    ended = shop.run("reconcile", "--channel", "nowhere")
    assert ended.code == 2
    assert "falabella" in ended.err


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("10000 listings compared in 21.5 s. Differ: 25", "edited on the channel", "5 more")),
        (
            "es",
            ("10000 publicaciones comparadas en 21.5 s. Difieren: 25", "lo cambiaron en el canal", "5 más"),
        ),
    ],
)
def test_what_differs_is_said_in_both_languages(
    shop: Shop, capsys: pytest.CaptureFixture[str], lang: str, words: tuple[str, ...]
) -> None:
    _show(Session(shop.settings(), None, lang), ITEM)
    out = capsys.readouterr().out
    assert all(word in out for word in words), out
    assert out.count("BAD-") == 19
    _show(Session(shop.settings(), None, lang), {"channel": "falabella", "last": None})
    assert "falabella" in capsys.readouterr().out
