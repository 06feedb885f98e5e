"""Settings: names, defaults, files, placeholders, and what stops the start."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from orquestador.app.build import flow_settings
from orquestador.i18n import advice
from orquestador.model.errors import InvalidSetting
from orquestador.model.orders import OrderMode
from orquestador.model.stock import WriteMeans
from orquestador.ops.auth import Role
from orquestador.ops.ratelimit import Rate
from orquestador.ports import Finding
from orquestador.settings import (
    Settings,
    database_name,
    falabella_accounts,
    language,
    load,
    mode,
    odoo_account,
    odoo_pace,
    problems,
    redis_namespace,
    redis_url,
    web_config,
)
from orquestador.settings.findings import known_names
from tests.unit.web.support import House, client

EXAMPLE = Path(__file__).parents[2] / ".env.example"
ORIGINAL_ENV = """
# MongoDB
MONGODB_URI=mongodb://localhost:27017/orquestador

# Redis
REDIS_HOST=localhost
REDIS_PORT=6379

# Falabella API
FALABELLA_API_URL=https://api.falabella.com
FALABELLA_API_KEY=your_falabella_api_key
FALABELLA_WEBHOOK_SECRET=your_webhook_secret

# Odoo API
ODOO_URL=https://your-odoo-instance.com
ODOO_DB=your_database
ODOO_USERNAME=your_username
ODOO_PASSWORD=your_password

# App
PORT=3000
NODE_ENV=development
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which nothing of ours is set."""
    for name in known_names():
        monkeypatch.delenv(name, raising=False)


def found(settings: Settings, code: str, env_file: Path | None = None) -> list[Finding]:
    return [f for f in problems(settings, env_file) if f.code == code]


def set_all(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load(None)


def test_the_defaults_are_the_documented_ones() -> None:
    settings = load(None)
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 3000, Path("data"))
    assert settings.app_timezone == "America/Santiago"
    assert settings.falabella_business_unit == "FACL"
    assert settings.falabella_write_means is WriteMeans.NET
    assert (settings.falabella_order_mode, settings.odoo_short_stock) == ("deliver", "record")
    assert falabella_accounts(settings)[0].order_mode is OrderMode.DELIVER
    assert settings.falabella_sale_delivery == "reserve"
    assert settings.hint_delays_s == (2.0, 30.0, 150.0)
    assert settings.publish == "all"
    assert settings.order_close_days == 180
    assert not settings.production
    assert mode(settings) == "observe"
    assert odoo_account(settings) is None


def test_the_environment_comes_before_the_file_and_an_empty_value_is_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env = tmp_path / ".env"
    env.write_text("PORT=4000\nHOST=0.0.0.0\nSTOCK_CAP=\nODOO_DB=from-file\n")
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.setenv("HOST", "")
    settings = load(env)
    assert (settings.port, settings.host) == (5000, "0.0.0.0")
    assert settings.stock_cap is None
    assert settings.odoo_db == "from-file"
    assert load(tmp_path / "missing").port == 5000


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-the-file\n")
    env = tmp_path / ".env"
    env.write_text(f"ODOO_API_KEY=your_key\nODOO_PASSWORD_FILE={secret}\n")
    monkeypatch.setenv("FALABELLA_WEBHOOK_SECRET_FILE", str(secret))
    monkeypatch.setenv("ODOO_API_KEY_FILE", str(secret))
    settings = load(env)
    for value in (settings.falabella_webhook_secret, settings.odoo_api_key, settings.odoo_password):
        assert value is not None
        assert value.get_secret_value() == "from-the-file"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * 70_000])
def test_a_secret_file_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("ODOO_PASSWORD_FILE", str(path))
    with pytest.raises(InvalidSetting) as caught:
        load(None)
    assert caught.value.name == "ODOO_PASSWORD_FILE"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "70000"),
        ("MODE", "maybe"),
        ("NODE_ENV", "prodution"),
        ("APP_LANG", "fr"),
        ("APP_TIMEZONE", "America/Nowhere"),
        ("APP_TIMEZONE", "../../etc/passwd"),
        ("ODOO_URL", "odoo.example.com"),
        ("ODOO_URL", "https://user:pass@odoo.example.com"),
        ("ODOO_URL", "https://"),
        ("FALABELLA_API_URL", "https://x.example.com/?a=1"),
        ("FALABELLA_BUSINESS_UNIT", "FAMX"),
        ("FALABELLA_WRITE_MEANS", "maybe"),
        ("FALABELLA_ORDER_MODE", "sale"),
        ("FALABELLA_SALE_DELIVERY", "sale_order"),
        ("FALABELLA_ORDER_SOURCE", "mail"),
        ("API_KEYS", "just-a-key"),
        ("API_KEYS", "me:king:key"),
        ("API_KEYS", "me:admin:"),
        ("API_KEYS", "me:admin:one,me:viewer:two"),
        ("CORS_ORIGINS", "panel.example.com"),
        ("CORS_ORIGINS", "https://panel.example.com/path"),
        ("HINT_DELAYS_S", "2,one"),
        ("HINT_DELAYS_S", "30,2"),
        ("STOCK_BUFFER", "-1"),
        ("STOCK_CAP", "1.5"),
        ("ODOO_POLL_S", "0"),
        ("LOG_TTL_DAYS", "0"),
        ("ODOO_BATCH", "101"),
        ("ODOO_BATCH", "0"),
        ("ODOO_PACE", "fast"),
        ("ODOO_CALLS_PER_S", "-1"),
        ("ODOO_CALLS_PER_S", "0.001"),
        ("ODOO_CALLS_PER_S", "nan"),
        ("ODOO_CALLS_PER_S", "1/s"),
        ("ODOO_IN_FLIGHT", "0"),
        ("ODOO_IN_FLIGHT", "1.5"),
        ("PREFIX", "tienda ñ"),
        ("REDIS_PORT", "x"),
        ("API_RATE_LIMIT", "many"),
        ("API_RATE_LIMIT", "600"),
        ("API_RATE_LIMIT", "600/fortnight"),
        ("API_RATE_LIMIT", "0/minute"),
        ("API_RATE_LIMIT", "-1/minute"),
        ("API_RATE_LIMIT", "1.5/minute"),
        ("API_RATE_LIMIT", "10/minute; 100/hour"),
        ("API_RATE_LIMIT", "1000001/day"),
        ("FAILED_PROOF_LIMIT", "10perminute"),
        ("FAILED_PROOF_LIMIT", "on"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_with_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as caught:
        load(None)
    assert caught.value.name == name
    assert f"example: {name}=" in str(caught.value)
    # The example works.
    monkeypatch.setenv(name, caught.value.example)
    if name != "NODE_ENV":
        load(None)


def test_an_error_never_shows_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "me:hunter2")
    with pytest.raises(InvalidSetting) as caught:
        load(None)
    assert "hunter2" not in str(caught.value)
    settings = set_all(monkeypatch, API_KEYS="me:admin:hunter2", ODOO_PASSWORD="hunter2")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(web_config(settings))


def test_keys_have_names_and_roles_and_may_contain_colons(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = set_all(monkeypatch, API_KEYS="vera:viewer:a:b, ana:ADMIN:long ,")
    assert [(k.name, k.role, k.key) for k in settings.api_keys] == [
        ("vera", Role.VIEWER, "a:b"),
        ("ana", Role.ADMIN, "long"),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Rate(6000, 60)),
        ("1/second", Rate(1, 1)),
        (" 20 / Minutes ", Rate(20, 60)),
        ("300 per hour", Rate(300, 3600)),
        ("1000000/day", Rate(1_000_000, 86_400)),
        ("off", None),
        ("OFF", None),
        ("0", None),
    ],
)
def test_a_limit_is_calls_per_time_or_off(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: Rate | None
) -> None:
    monkeypatch.setenv("API_RATE_LIMIT", value)
    assert web_config(load(None)).api_rate == expected
    assert web_config(load(None)).failed_proof_rate == Rate(10, 60)
    monkeypatch.setenv("FAILED_PROOF_LIMIT", value or "5/hour")
    assert web_config(load(None)).failed_proof_rate == (expected if value else Rate(5, 3600))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "observe"),
        ({"ODOO_URL": "http://127.0.0.1:8069"}, "live"),
        ({"ODOO_URL": "http://localhost:8069", "FALABELLA_API_URL": "http://[::1]:4001"}, "live"),
        ({"ODOO_URL": "http://localhost:8069", "FALABELLA_API_KEY": "k"}, "observe"),
        ({"ODOO_URL": "https://odoo.example.com", "FALABELLA_API_URL": "http://127.0.0.1:4001"}, "observe"),
        ({"ODOO_URL": "http://127.0.0.1.example.com"}, "observe"),
        ({"ODOO_URL": "https://odoo.example.com", "MODE": "LIVE"}, "live"),
        ({"ODOO_URL": "http://127.0.0.1:8069", "MODE": "observe"}, "observe"),
    ],
)
def test_live_by_default_only_when_every_upstream_is_this_machine(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], expected: str
) -> None:
    assert mode(set_all(monkeypatch, **values)) == expected


def test_the_api_key_is_preferred_to_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    base = {
        "ODOO_URL": "https://odoo.example.com/",
        "ODOO_DB": "d",
        "ODOO_USERNAME": "u",
        "ODOO_PASSWORD": "p",
    }
    account = odoo_account(set_all(monkeypatch, **base))
    assert account is not None
    assert (account.url, account.secret) == ("https://odoo.example.com", "p")
    assert not account.is_key
    assert (account.timeouts.read_s, account.timeouts.write_s) == (15.0, 60.0)
    account = odoo_account(set_all(monkeypatch, ODOO_API_KEY="k"))
    assert account is not None
    assert (account.secret, account.is_key) == ("k", True)
    account = odoo_account(set_all(monkeypatch, ODOO_API_KEY="your_key"))
    assert account is not None
    assert (account.secret, account.is_key) == ("p", False)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("own", "default", None, 2)),
        ({"ODOO_URL": "https://odoo.example.com"}, ("own", "default", None, 2)),
        ({"ODOO_URL": "https://shop.odoo.com"}, ("online", "host", 1.0, 1)),
        ({"ODOO_URL": "https://SHOP.Odoo.com:443/"}, ("online", "host", 1.0, 1)),
        ({"ODOO_URL": "https://notodoo.com"}, ("own", "default", None, 2)),
        ({"ODOO_URL": "https://odoo.com.example.net"}, ("own", "default", None, 2)),
        ({"ODOO_URL": "https://shop.odoo.com", "ODOO_PACE": "OWN"}, ("own", "setting", None, 2)),
        ({"ODOO_PACE": "online"}, ("online", "setting", 1.0, 1)),
        ({"ODOO_PACE": "own", "ODOO_CALLS_PER_S": "10"}, ("own", "setting", 10.0, 2)),
        ({"ODOO_PACE": "online", "ODOO_CALLS_PER_S": "0.5"}, ("online", "setting", 0.5, 1)),
        ({"ODOO_PACE": "online", "ODOO_CALLS_PER_S": "Off"}, ("online", "setting", None, 1)),
        ({"ODOO_PACE": "online", "ODOO_IN_FLIGHT": "3"}, ("online", "setting", 1.0, 3)),
    ],
)
def test_odoo_is_asked_at_the_pace_of_its_profile_unless_a_number_is_set(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], expected: tuple[object, ...]
) -> None:
    pace = odoo_pace(set_all(monkeypatch, **values))
    assert (pace.profile, pace.chosen_by, pace.calls_per_s, pace.in_flight) == expected


@pytest.mark.parametrize(
    ("values", "poll_s", "check_s"),
    [
        ({}, 30.0, 60.0),
        ({"ODOO_PACE": "online"}, 60.0, 300.0),
        ({"ODOO_CALLS_PER_S": "0.5"}, 120.0, 600.0),
        ({"ODOO_CALLS_PER_S": "100"}, 30.0, 60.0),
        ({"ODOO_PACE": "online", "ODOO_POLL_S": "10"}, 10.0, 300.0),
    ],
)
def test_what_we_ask_by_ourselves_leaves_room_for_orders(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], poll_s: float, check_s: float
) -> None:
    settings = set_all(monkeypatch, **values)
    flows = flow_settings(settings)
    assert (flows.erp_poll_s, flows.erp_check_s) == pytest.approx((poll_s, check_s))


def test_the_pace_in_force_is_told_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(load(None), "odoo_pace_free") == []
    account = {"ODOO_DB": "d", "ODOO_USERNAME": "u", "ODOO_PASSWORD": "p"}
    settings = set_all(monkeypatch, ODOO_URL="https://shop.odoo.com", **account)
    (online,) = found(settings, "odoo_pace")
    assert advice("en", online.code, online.level, online.facts).title == (
        "Pace towards Odoo: online (1 calls a second, 1 at a time)"
    )
    assert "60 s" in advice("es", online.code, online.level, online.facts).means
    (own,) = found(set_all(monkeypatch, ODOO_PACE="own"), "odoo_pace_free")
    assert advice("es", own.code, own.level, own.facts).title == (
        "Ritmo hacia Odoo: own (sin límite por segundo, 2 llamadas a la vez)"
    )


def test_the_original_env_starts_and_is_explained(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(ORIGINAL_ENV)
    settings = load(env)
    codes = {f.code for f in problems(settings, env)}
    assert {"wrong_host", "placeholder", "mode", "placeholder_proves"} <= codes
    assert mode(settings) == "observe"
    assert odoo_account(settings) is None
    assert falabella_accounts(settings)[0].has_api is False
    assert (database_name(settings), redis_url(settings)) == ("orquestador", "redis://localhost:6379/0")
    assert found(settings, "wrong_host")[0].stops == "falabella"
    named = {f.facts["setting"] for f in found(settings, "placeholder")}
    assert named == {"FALABELLA_API_KEY", "ODOO_URL", "ODOO_DB", "ODOO_USERNAME", "ODOO_PASSWORD"}


def test_engines_are_told_apart_by_database_and_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"MONGODB_URI": "mongodb://a:p%40@one,two/shop?replicaSet=rs0", "PREFIX": "s1-"}
    settings = set_all(monkeypatch, **values)
    assert (database_name(settings), redis_url(settings)) == ("shop", None)
    assert redis_namespace(settings) == "orquestador:shop:s1-"
    assert [f.level for f in found(settings, "no_redis")] == ["ok"]
    settings = set_all(
        monkeypatch, MONGODB_URI="mongodb+srv://shop.example.net", REDIS_HOST="::1", REDIS_PORT="7"
    )
    assert (database_name(settings), redis_url(settings)) == ("orquestador", "redis://[::1]:7/0")
    assert found(settings, "no_redis") == []


def test_a_redis_without_mongodb_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = found(set_all(monkeypatch, REDIS_HOST="localhost"), "redis_unused")
    assert (finding.level, finding.facts["settings"]) == ("warning", "REDIS_HOST")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGODB_URI", "localhost:27017"),
        ("MONGODB_URI", "http://x"),
        ("REDIS_URL", "localhost"),
        ("REDIS_URL", "redis://"),
    ],
)
def test_the_address_of_an_engine_has_its_scheme(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(InvalidSetting, match=f"{name}: must begin with"):
        set_all(monkeypatch, **{name: value})


def test_credentials_are_never_sent_to_the_sample_host(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"FALABELLA_USER_ID": "a@example.com", "FALABELLA_API_KEY": "k"}
    assert falabella_accounts(set_all(monkeypatch, **values))[0].has_api
    settings = set_all(monkeypatch, FALABELLA_API_URL="https://api.falabella.com")
    assert not falabella_accounts(settings)[0].has_api


def test_half_an_account_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = set_all(monkeypatch, ODOO_URL="https://odoo.example.com", FALABELLA_API_KEY="k")
    missing = {(f.facts["setting"], f.stops) for f in found(settings, "missing_setting")}
    assert missing == {
        ("ODOO_DB", "erp"),
        ("ODOO_USERNAME", "erp"),
        ("ODOO_API_KEY", "erp"),
        ("FALABELLA_USER_ID", "falabella"),
    }


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "API_KEYS"),
        ({"API_KEYS": "ana:admin:your_key"}, "API_KEYS"),
        (
            {"API_KEYS": "ana:admin:long", "FALABELLA_WEBHOOK_SECRET": "your_webhook_secret"},
            "FALABELLA_WEBHOOK_SECRET",
        ),
        ({"API_KEYS": "ana:admin:long", "ODOO_WEBHOOK_SECRET": "your_secret"}, "ODOO_WEBHOOK_SECRET"),
    ],
)
@pytest.mark.parametrize("variable", ["NODE_ENV", "APP_ENV"])
def test_production_refuses_open_doors(
    monkeypatch: pytest.MonkeyPatch, variable: str, values: dict[str, str], name: str
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        set_all(monkeypatch, **{variable: "production"}, **values)
    assert caught.value.name == name


def test_production_starts_with_keys_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = set_all(
        monkeypatch,
        NODE_ENV="production",
        API_KEYS="ana:admin:a-long-random-text-0",
        FALABELLA_WEBHOOK_SECRET="s3cret",
    )
    falabella, odoo = web_config(settings).doors
    assert falabella.secret == "s3cret"
    assert (odoo.secret, odoo.open_locally) == (None, False)
    assert [f.facts["door"] for f in found(settings, "door_closed")] == ["odoo"]


@pytest.mark.parametrize(("host", "proves"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)])
def test_a_placeholder_proves_itself_only_where_nobody_else_can_come(
    monkeypatch: pytest.MonkeyPatch, host: str, proves: bool
) -> None:
    settings = set_all(monkeypatch, HOST=host, FALABELLA_WEBHOOK_SECRET="your_webhook_secret")
    door = web_config(settings).doors[0]
    assert (door.secret is not None) is proves
    assert door.open_locally is proves
    assert door.local_only is proves
    assert bool(found(settings, "placeholder_proves")) is proves


def test_a_placeholder_key_opens_nothing_and_a_short_one_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = set_all(monkeypatch, API_KEYS="a:admin:your_key,b:viewer:short")
    assert [k.name for k in web_config(settings).api_keys] == ["b"]
    assert [f.facts["name"] for f in found(settings, "placeholder_api_key")] == ["a"]
    assert [f.facts["name"] for f in found(settings, "weak_api_key")] == ["b"]


def test_a_readable_env_file_and_a_misspelt_name_are_reported(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("# COMMENT=1\nexport PORT=3000\nODOO_PASWORD=x\nMY_OWN=1\n")
    env.chmod(0o644)
    settings = load(env)
    (readable,) = found(settings, "env_file_readable", env)
    assert readable.facts["mode"] == "644"
    assert [(f.facts["setting"], f.facts["similar"]) for f in found(settings, "unknown_setting", env)] == [
        ("ODOO_PASWORD", "ODOO_PASSWORD"),
        ("MY_OWN", ""),
    ]
    env.chmod(0o600)
    assert not found(settings, "env_file_readable", env)


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, "en"), ({"LANG": "es_CL.UTF-8"}, "es"), ({"LANG": "es_CL", "APP_LANG": "en"}, "en")],
)
def test_the_language_follows_the_shell(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], expected: str
) -> None:
    assert language(set_all(monkeypatch, **values)) == expected


# --- .env.example ---


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copy(EXAMPLE, tmp_path / ".env"))


async def test_the_copied_example_starts_observing_and_its_curl_answers_200(copied: Path) -> None:
    settings = load(copied)
    assert mode(settings) == "observe"
    assert odoo_account(settings) is None
    assert not falabella_accounts(settings)[0].has_api
    body: dict[str, Any] = {
        "orderId": "FAL-12345",
        "products": [{"sku": "PROD-001", "quantity": 2, "price": 29990}],
        "status": "confirmed",
        "timestamp": "2025-12-16T10:00:00Z",
    }
    async with client(House(), web_config(settings)) as http:
        headers = {"x-falabella-signature": "your_webhook_secret"}
        answer = await http.post("/falabella/webhook/order", json=body, headers=headers)
        logs = await http.get("/logs/order/FAL-12345")
    assert answer.status_code == 200
    assert logs.json()["items"][0]["orderId"] == "FAL-12345"


def test_the_example_names_every_setting_and_nothing_else(copied: Path) -> None:
    text = copied.read_text()
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE))
    assert named - known_names() == set()
    # LANG is the shell's, NODE_ENV the alias of APP_ENV.
    assert {n.upper() for n in Settings.model_fields} - named == {"LANG", "NODE_ENV"}


def test_the_example_shows_the_defaults(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.findall(r"^# ([A-Z_]+_(?:S|DAYS|BATCH|MAX|BUFFER))=(\S+)$", copied.read_text(), re.MULTILINE)
    default = load(None)
    assert len(shown) > 10
    for name, value in shown:
        monkeypatch.setenv(name, value)
    assert load(None) == default


def test_every_setting_is_in_the_reference() -> None:
    reference = (EXAMPLE.parent / "docs" / "reference-settings.md").read_text()
    missing = {n.upper() for n in Settings.model_fields if f"`{n.upper()}`" not in reference}
    assert not missing
