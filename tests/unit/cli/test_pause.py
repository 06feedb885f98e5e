"""`orquestador pause` and `resume`, and the mode that `doctor` tells: what is stored counts."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.support import Shop


def by_code(shop: Shop, **env: str) -> dict[str, Any]:
    return {f["code"]: f for f in shop.run("doctor", "--json", **env).json["findings"]}


def test_a_pause_without_a_service_holds_at_its_next_start(shop: Shop) -> None:
    shop.receive("7")
    done = shop.run("pause", "--reason", "a wrong number")
    assert done.code == 0
    assert "when it starts" in done.out
    report = shop.run("status", "--json").json
    assert report["paused"]["reason"] == "a wrong number"
    assert report["mode"] == "observe"
    assert "paused" in shop.run("status").out
    assert by_code(shop)["paused"]["facts"]["reason"] == "a wrong number"
    assert shop.run("resume", "--json").json["changed"] is True
    again = shop.run("resume")
    assert (again.code, "was not paused" in again.out) == (0, True)
    assert shop.run("status", "--json").json["paused"] is None
    assert "paused" not in by_code(shop)


def test_a_pause_speaks_spanish(shop: Shop) -> None:
    shop.receive("7")
    assert "En pausa" in shop.run("pause", APP_LANG="es").out
    assert "En pausa hace" in shop.run("status", APP_LANG="es").out
    assert "Reanudado" in shop.run("resume", APP_LANG="es").out


def test_doctor_tells_the_mode_in_force_whatever_the_setting_says(shop: Shop) -> None:
    assert by_code(shop)["mode"]["facts"] == {"mode": "observe", "chosen_by": "setting"}
    shop.receive("7")
    shop.run("go-live", "--yes")
    found = by_code(shop)
    assert found["mode"]["facts"] == {"mode": "live", "chosen_by": "go-live"}
    assert "orquestador pause" in found["mode_is_stored"]["do"]
    unset = by_code(shop, MODE="")
    assert (unset["mode"]["facts"]["mode"], "mode_is_stored" in unset) == ("live", False)
