"""`status` and `doctor`: what they say and what they exit with."""

from __future__ import annotations

import stat

from orquestador.cli.webhooks import masked
from tests.unit.cli.support import Shop, free_port


def test_no_service_and_no_data(shop: Shop) -> None:
    ended = shop.run("status", "--json")
    assert ended.code == 1
    assert (ended.json["running"], ended.json["attention"]) == (False, True)
    assert "orquestador up" in ended.json["next_step"]


def test_no_service_shows_what_is_stored(shop: Shop) -> None:
    shop.bury("1")
    report = shop.run("status", "--json").json
    assert (report["running"], report["attention"], report["dead"]) == (False, True, 1)
    assert report["work"] == [{"kind": "order", "channel": "falabella", "state": "dead", "count": 1}]
    shown = shop.run("status")
    assert shown.code == 1
    assert "not running" in shown.out
    assert "is not configured" in shown.out
    assert "orquestador up" in shown.out


def test_status_in_both_languages(shop: Shop) -> None:
    shop.bury("1")
    assert "necesitan a una persona" in shop.run("status", "--lang", "es").out
    assert "need a person" in shop.run("status", "--lang", "en", APP_LANG="es").out


def test_doctor_finds_nothing_wrong_with_nothing_configured(shop: Shop) -> None:
    ended = shop.run("doctor", "--json")
    assert (ended.code, ended.json["ok"], ended.json["errors"]) == (0, True, 0)
    by_code = {f["code"]: f for f in ended.json["findings"]}
    assert by_code["service_not_running"]["do"]
    assert by_code["not_configured"]["title"]
    assert not (shop.folder / "data").exists()


def test_doctor_names_the_placeholders_and_exits_1(shop: Shop) -> None:
    env = {
        "ODOO_URL": "https://your-odoo.com",
        "ODOO_DB": "your_db",
        "ODOO_USERNAME": "u",
        "ODOO_PASSWORD": "p",
    }
    ended = shop.run("doctor", **env)
    assert ended.code == 1
    assert "ODOO_URL, ODOO_DB" in ended.out
    assert len(_errors(shop.run("doctor", "--json", **env).json)) == 2


def _errors(report: dict[str, list[dict[str, str]]]) -> list[str]:
    return [f["code"] for f in report["findings"] if f["level"] == "error"]


def test_doctor_asks_the_upstreams_itself(shop: Shop) -> None:
    env = {
        "ODOO_URL": f"http://127.0.0.1:{free_port()}",
        "ODOO_DB": "db",
        "ODOO_USERNAME": "u",
        "ODOO_PASSWORD": "p",
        "FALABELLA_API_URL": f"http://127.0.0.1:{free_port()}",
        "FALABELLA_USER_ID": "ops@example.com",
        "FALABELLA_API_KEY": "not-a-real-key",
    }
    ended = shop.run("doctor", "--json", **env)
    assert ended.code == 1
    assert set(_errors(ended.json)) == {"odoo.unreachable", "falabella.unreachable"}
    assert "not-a-real-key" not in ended.out


def test_doctor_tells_the_pace_in_force(shop: Shop) -> None:
    env = {
        "ODOO_URL": f"http://127.0.0.1:{free_port()}",
        "ODOO_DB": "db",
        "ODOO_USERNAME": "u",
        "ODOO_PASSWORD": "p",
    }
    told = {f["code"]: f for f in shop.run("doctor", "--json", ODOO_PACE="online", **env).json["findings"]}
    facts = {"profile": "online", "chosen_by": "setting", "calls_per_s": 1, "in_flight": 1, "poll_s": 60}
    assert told["odoo_pace"]["facts"] == facts
    assert "Ritmo hacia Odoo: own" in shop.run("doctor", "--lang", "es", **env).out


def test_doctor_tells_a_setting_that_stops_the_start(shop: Shop) -> None:
    ended = shop.run("doctor", "--json", STOCK_CAP="many")
    assert ended.code == 1
    assert _errors(ended.json) == ["invalid_setting"]
    assert ended.json["findings"][0]["facts"]["setting"] == "STOCK_CAP"


def test_doctor_looks_at_the_permissions(shop: Shop) -> None:
    (shop.folder / ".env").write_text("LOG_LEVEL=info\n")
    (shop.folder / ".env").chmod(0o644)
    (shop.folder / "data").mkdir(mode=0o755)
    (shop.folder / "data").chmod(0o755)
    codes = {f["code"] for f in shop.run("doctor", "--json").json["findings"] if f["level"] == "warning"}
    assert {"env_file_readable", "data_dir_readable"} <= codes
    (shop.folder / ".env").chmod(stat.S_IRUSR | stat.S_IWUSR)
    (shop.folder / "data").chmod(0o700)
    codes = {f["code"] for f in shop.run("doctor", "--json").json["findings"]}
    assert not {"env_file_readable", "data_dir_readable"} & codes


def test_doctor_finds_a_data_folder_that_is_none(shop: Shop) -> None:
    (shop.folder / "data").write_text("a file")
    assert "data_dir_not_writable" in _errors(shop.run("doctor", "--json").json)


def test_a_secret_at_the_end_of_an_address_is_never_shown() -> None:
    assert (
        masked("https://a.example/falabella/webhook/order/s3cret?x=1")
        == "https://a.example/falabella/webhook/order/***"
    )
