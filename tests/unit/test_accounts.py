"""Several accounts: `orquestador.toml`, what it may say, and what stops the start."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from orquestador.app.build import build_channel, flow_settings
from orquestador.clock import ManualClock
from orquestador.i18n import advice
from orquestador.model.errors import InvalidSetting
from orquestador.model.orders import OrderMode
from orquestador.model.places import Scope
from orquestador.model.stock import Rule, WriteMeans
from orquestador.settings import (
    FalabellaAccount,
    Settings,
    callback,
    falabella_accounts,
    given,
    load,
    mode,
    own_doors,
    problems,
    scopes,
    web_config,
)
from orquestador.settings.findings import known_names
from orquestador.settings.tables import RESERVED
from tests.fakes.logs import NoLogs

Write = Callable[[str], None]
PERU = """
[channels.falabella-pe]
user_id = "peru@example.com"
api_key = "peru-key"
"""


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of its own, and an environment in which nothing of ours is set."""
    for name in known_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def toml(folder: Path) -> Write:
    def write(text: str) -> None:
        (folder / "orquestador.toml").write_text(text)

    return write


def accounts(env_file: Path | None = None) -> dict[str, FalabellaAccount]:
    return {account.id: account for account in falabella_accounts(load(env_file))}


def refused(text: str, write: Write) -> InvalidSetting:
    write(text)
    with pytest.raises(InvalidSetting) as caught:
        load(None)
    return caught.value


def test_without_the_file_there_is_the_one_account_of_the_environment() -> None:
    assert list(accounts()) == ["falabella"]


def test_a_table_is_an_account_with_the_settings_of_that_name(toml: Write) -> None:
    toml(
        """
        [channels.falabella-pe]
        kind = "falabella"
        api_url = "http://127.0.0.1:8091/"
        user_id = "peru@example.com"
        api_key = "peru-key"
        seller_id = "SC9"
        business_unit = "fape"
        webhook_secret = "peru-secret"
        write_means = "gross"
        order_source = "api"
        order_mode = "sale_order"
        sale_delivery = "deliver"
        sale_partner = "FALABELLA-PE"
        sale_shipping_sku = "ENVIO-PE"
        warehouse = "LIM"
        locations = ["LIM", "LIM/Stock/Shelf 1"]
        read_timeout_s = 7
        buffer = 2
        cap = 50
        publish = ["A", "B"]
        """
    )
    peru = accounts()["falabella-pe"]
    assert peru.has_api
    assert (peru.url, peru.business_unit, peru.seller_id) == ("http://127.0.0.1:8091", "FAPE", "SC9")
    assert (peru.write_means, peru.order_source) == (WriteMeans.GROSS, "api")
    assert peru.order_mode is OrderMode.SALE_DELIVER
    assert peru.scope == Scope("LIM", ("LIM", "LIM/Stock/Shelf 1"))
    assert (peru.sale_partner, peru.sale_shipping_sku) == ("FALABELLA-PE", "ENVIO-PE")
    assert (peru.timeouts.read_s, peru.timeouts.write_s) == (7, 60)
    assert (peru.rule, peru.publish) == (Rule(buffer=2, cap=50), ("A", "B"))


def test_the_environment_reaches_the_default_account_alone(
    toml: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml('[channels.falabella]\napi_key = "from-toml"\nseller_id = "SC1"\nbuffer = 3\n' + PERU)
    monkeypatch.setenv("FALABELLA_API_KEY", "from-env")
    monkeypatch.setenv("FALABELLA_SELLER_ID", "your_seller_id")
    monkeypatch.setenv("FALABELLA_ORDER_SOURCE", "api")
    monkeypatch.setenv("FALABELLA_WAREHOUSE", "W2")
    monkeypatch.setenv("STOCK_BUFFER", "1")
    monkeypatch.setenv("STOCK_CAP", "9")
    found = accounts()
    assert list(found) == ["falabella", "falabella-pe"]
    chile, peru = found.values()
    assert (chile.api_key, peru.api_key) == ("from-env", "peru-key")
    # A sample value does not hide a real one.
    assert chile.seller_id == "SC1"
    assert (chile.order_source, peru.order_source) == ("api", "auto")
    assert (chile.scope, peru.scope) == (Scope("W2"), Scope())
    # What holds for all channels does, unless a table says otherwise.
    assert (chile.rule, peru.rule) == (Rule(buffer=3, cap=9), Rule(buffer=1, cap=9))


def test_the_default_account_is_there_when_anything_is_said_of_it(
    toml: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml(PERU)
    assert list(accounts()) == ["falabella-pe"]
    monkeypatch.setenv("FALABELLA_WEBHOOK_SECRET", "s3cret")
    assert list(accounts()) == ["falabella", "falabella-pe"]


def test_the_flows_know_each_channel(toml: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    more = 'order_source = "body"\nsale_partner = "P"\nwarehouse = "LIM"\npublish = "none"\ncap = 5\n'
    toml("[channels.falabella]\n" + PERU + more)
    monkeypatch.setenv("STOCK_BUFFER", "2")
    flows, settings = flow_settings(load(None)), load(None)
    assert flows.order_sources == {"falabella": "auto", "falabella-pe": "body"}
    assert flows.one_buyer == {"falabella-pe"}
    assert scopes(settings) == {"falabella": Scope(), "falabella-pe": Scope("LIM")}
    assert (flows.publishes("falabella", "A"), flows.publishes("falabella-pe", "A")) == (True, False)
    assert flows.rule_of("falabella") == Rule(buffer=2)
    assert flows.rule_of("falabella-pe") == Rule(buffer=2, cap=5)


async def test_each_account_has_its_own_door(toml: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://shop.example")
    toml('[channels.falabella]\nwebhook_secret = "chile"\n' + PERU + 'webhook_secret = "peru"\n')
    settings = load(None)
    chile, peru = falabella_accounts(settings)
    assert callback(settings, chile) == "https://shop.example/falabella/webhook/order/chile"
    assert callback(settings, peru) == "https://shop.example/webhooks/falabella-pe/peru"
    assert not any("peru" in door.replace("falabella-pe", "") for door in own_doors(settings))
    doors = {door.name: (door.secret, door.setting) for door in web_config(settings).doors}
    assert doors["falabella"] == ("chile", "FALABELLA_WEBHOOK_SECRET")
    assert doors["falabella-pe"] == ("peru", "channels.falabella-pe.webhook_secret")
    channel = build_channel(peru, settings, ManualClock(0.0), NoLogs())
    assert channel.config.is_own("https://shop.example/webhooks/falabella-pe/an-earlier-one")
    assert not channel.config.is_own("https://shop.example/other-program/hook")
    await channel.close()


# --- secrets


def test_a_secret_may_come_from_a_file_or_a_variable(
    toml: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "key").write_text("from-the-file\n")
    (folder / ".env").write_text("PERU_SECRET=from-dotenv\nPERU_SECRT=x\n")
    toml(
        f'[channels.falabella-pe]\nuser_id = "p@example.com"\napi_key_file = "{folder / "key"}"\n'
        'webhook_secret_env = "PERU_SECRET"\n'
    )
    env = folder / ".env"
    peru = accounts(env)["falabella-pe"]
    assert (peru.api_key, peru.webhook_secret) == ("from-the-file", "from-dotenv")
    # A variable that a table names is no misspelt setting; another one is.
    unknown = [f.facts["setting"] for f in problems(load(env), env) if f.code == "unknown_setting"]
    assert unknown == ["PERU_SECRT"]
    monkeypatch.setenv("PERU_SECRET", "from-the-environment")
    assert accounts(env)["falabella-pe"].webhook_secret == "from-the-environment"


@pytest.mark.parametrize(
    ("line", "name", "said"),
    [
        ('api_key_file = "missing"', "api_key_file", "cannot be read"),
        ('api_key_env = "NOT_SET_ANYWHERE"', "api_key_env", "NOT_SET_ANYWHERE is not set"),
        ('api_key = "a"\napi_key_file = "b"', "api_key_file", "keep one"),
        ("api_key_env = 5", "api_key_env", "must be a text"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named(toml: Write, line: str, name: str, said: str) -> None:
    error = refused(f"[channels.pe]\n{line}\n", toml)
    assert error.name == f"channels.pe.{name}"
    assert said in error.problem


def test_no_error_and_no_repr_shows_a_secret(toml: Write, folder: Path) -> None:
    toml('[channels.pe]\napi_key = "hunter2"\nwebhook_secret = "hunter2"\nuser_id = "a@example.com"\n')
    settings = load(None)
    assert "hunter2" not in repr(settings) + repr(settings.tables) + repr(falabella_accounts(settings))
    for wrong in ('api_key = "hunter2', "api_key = hunter2", 'api_key = ["hunter2", 1]', "api_key = 1\n"):
        assert "hunter2" not in str(refused(f"[channels.pe]\n{wrong}", toml))
    (folder / "orquestador.toml").chmod(0o644)
    toml('[channels.pe]\napi_key = "hunter2"\n')
    (finding,) = [f for f in problems(load(None), None) if f.code == "env_file_readable"]
    assert (finding.facts["path"], finding.facts["mode"]) == ("orquestador.toml", "644")
    (folder / "orquestador.toml").chmod(0o600)
    assert not [f for f in problems(load(None), None) if f.code == "env_file_readable"]


# --- what stops the start


@pytest.mark.parametrize(
    "channel", ["Falabella-PE", "a" * 21, "-pe", "pe-", "p_e", "ñ", "pe.1", *sorted(RESERVED)]
)
def test_an_id_that_cannot_be_used_is_refused(toml: Write, channel: str) -> None:
    error = refused(f'[channels."{channel}"]\n', toml)
    assert error.name == f"channels.{channel}"
    assert error.example == "[channels.falabella-pe]"


@pytest.mark.parametrize("channel", ["falabella", "pe", "a" * 20, "0", "falabella-pe-2"])
def test_an_id_that_can_be_used(toml: Write, channel: str) -> None:
    toml(f"[channels.{channel}]\n")
    assert list(accounts()) == [channel]


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('busines_unit = "FAPE"', "busines_unit", "similar: business_unit"),
        ('prefix = "x"', "prefix", "not a key that we know"),
        ('kind = "amazon"', "kind", "falabella"),
        ('business_unit = "FAMX"', "business_unit", "FACL"),
        ('api_url = "falabella.com"', "api_url", "http://"),
        ("buffer = -1", "buffer", "greater than or equal to 0"),
        ("cap = 1.5", "cap", "integer"),
        ("cap = true", "cap", "text or a number"),
        ("seller_id = 12", "seller_id", "string"),
        ("publish = [1]", "publish", "list of texts"),
        ("user_id = 2026-11-24", "user_id", "text or a number"),
        ("write_timeout_s = 0", "write_timeout_s", "greater than 0"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_with_an_example(
    toml: Write, line: str, key: str, said: str
) -> None:
    error = refused(f"[channels.pe]\n{line}\n", toml)
    assert error.name == f"channels.pe.{key}"
    assert said in error.problem
    assert f"example: channels.pe.{key}=" in str(error)


def test_the_examples_work(toml: Write) -> None:
    for wrong in ('business_unit = "FAMX"', "buffer = -1", 'locations = ["x", 1]', 'order_mode = "?"'):
        error = refused(f"[channels.pe]\n{wrong}\n", toml)
        toml(f"{error.name} = {error.example}\n")
        assert list(accounts()) == ["pe"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[channels.pe\n", "ORQUESTADOR_TOML"),
        ("channels = 5\n", "channels"),
        ("[channels]\npe = 5\n", "channels.pe"),
        ("[chanels.pe]\n", "chanels"),
        ("port = 3000\n", "port"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(toml: Write, text: str, name: str) -> None:
    assert refused(text, toml).name == name


def test_the_file_may_be_elsewhere_and_then_must_be_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder / "other.toml"
    monkeypatch.setenv("ORQUESTADOR_TOML", str(other))
    with pytest.raises(InvalidSetting, match=r"ORQUESTADOR_TOML: there is no file .*other\.toml"):
        load(None)
    other.write_text(PERU)
    assert list(accounts()) == ["falabella-pe"]
    other.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidSetting, match="is not text"):
        load(None)


def test_values_given_alone_read_no_file(toml: Write) -> None:
    toml(PERU)
    assert [account.id for account in falabella_accounts(given({}))] == ["falabella"]


TWIN = """
[channels.one]
user_id = "a@example.com"
api_key = "k"
{one}
[channels.two]
user_id = "{user}"
api_key = "k2"
{two}
"""


@pytest.mark.parametrize(
    ("user", "one", "two", "key"),
    [
        ("a@example.com", "", "", "user_id"),
        ("b@example.com", 'seller_id = "SC1"', 'seller_id = "SC1"', "seller_id"),
        ("b@example.com", 'webhook_secret = "same"', 'webhook_secret = "same"', "webhook_secret"),
    ],
)
def test_one_account_is_one_channel(toml: Write, user: str, one: str, two: str, key: str) -> None:
    error = refused(TWIN.format(user=user, one=one, two=two), toml)
    assert error.name == f"channels.two.{key}"
    assert "one" in error.problem
    assert "same" not in error.problem.replace("SC1", "")
    toml(TWIN.format(user="b@example.com", one="", two='business_unit = "FAPE"'))
    assert len(accounts()) == 2


def test_one_user_of_two_countries_has_two_accounts(toml: Write) -> None:
    toml(TWIN.format(user="a@example.com", one="", two='business_unit = "FAPE"'))
    assert [account.business_unit for account in accounts().values()] == ["FACL", "FAPE"]


# --- how it starts


LOCAL = 'api_url = "http://127.0.0.1:8090"\n'


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", "observe"),
        (LOCAL, "live"),
        ('api_url = "https://sellercenter-api.falabella.com"\n', "observe"),
    ],
)
def test_a_real_account_beside_a_sandbox_is_not_live_by_itself(
    toml: Write, monkeypatch: pytest.MonkeyPatch, more: str, expected: str
) -> None:
    monkeypatch.setenv("ODOO_URL", "http://127.0.0.1:8069")
    monkeypatch.setenv("FALABELLA_API_URL", "http://127.0.0.1:8091")
    toml(PERU + more)
    assert mode(load(None)) == expected


def test_production_refuses_the_sample_secret_of_any_account(
    toml: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("API_KEYS", "ana:admin:a-long-random-text-0")
    error = refused(PERU + 'webhook_secret = "your_webhook_secret"\n', toml)
    assert error.name == "channels.falabella-pe.webhook_secret"


def found(settings: Settings, code: str) -> list[dict[str, object]]:
    return [dict(f.facts) | {"stops": f.stops} for f in problems(settings, None) if f.code == code]


def test_what_is_odd_is_told_of_each_account(toml: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FALABELLA_API_KEY", "k")
    toml('[channels.pe]\nuser_id = "your_user"\napi_url = "https://api.falabella.com"\n[channels.co]\n')
    settings = load(None)
    assert found(settings, "not_configured")[-1] == {"upstream": "co", "stops": "co"}
    (wrong,) = found(settings, "wrong_host")
    assert (wrong["setting"], wrong["stops"]) == ("channels.pe.api_url", "pe")
    (placeholder,) = found(settings, "placeholder")
    assert placeholder == {"setting": "channels.pe.user_id", "stops": "pe"}
    missing = {(m["setting"], m["stops"]) for m in found(settings, "missing_setting")}
    assert missing == {("FALABELLA_USER_ID", "falabella"), ("channels.pe.api_key", "pe")}
    doors = {(d["door"], d["setting"]) for d in found(settings, "door_open")}
    assert doors == {
        ("falabella", "FALABELLA_WEBHOOK_SECRET"),
        ("pe", "channels.pe.webhook_secret"),
        ("co", "channels.co.webhook_secret"),
        ("odoo", "ODOO_WEBHOOK_SECRET"),
    }


@pytest.mark.parametrize(
    ("code", "facts", "expected"),
    [
        ("falabella.ok", {"channel": "pe", "host": "h"}, ("pe: Falabella answers (h)", "")),
        ("falabella.ok", {"channel": "falabella", "host": "h"}, ("Falabella answers (h)", "")),
        (
            "falabella.credentials",
            {"channel": "pe", "detail": "E007"},
            (
                "pe: Falabella refuses the credentials",
                "channels.pe.user_id and channels.pe.api_key must be of the same user; copy the key again.",
            ),
        ),
        (
            "missing_setting",
            {"setting": "channels.pe.api_key", "needed_for": "pe"},
            ("channels.pe.api_key", "Add it to orquestador.toml and restart."),
        ),
        (
            "not_configured",
            {"upstream": "pe"},
            ("pe is not configured", "Fill in the section of pe in orquestador.toml and restart."),
        ),
        ("not_configured", {"upstream": "odoo"}, ("odoo is not configured", ".env.example")),
        ("pe.unreachable", {"detail": "x"}, ("pe does not answer", "in orquestador.toml")),
        ("odoo.unreachable", {"detail": "x", "host": "h", "db": "d"}, ("Odoo", "ODOO_URL")),
    ],
)
def test_what_is_said_of_an_account_names_it_and_its_settings(
    code: str, facts: dict[str, object], expected: tuple[str, str]
) -> None:
    words = advice("en", code, "error", facts)
    assert expected[0] in words.title
    assert expected[1] in words.do
    assert (".env" in words.do) is (".env" in expected[1])


# --- what the documentation shows

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_of_the_documentation_is_taken(toml: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERU_API_KEY", "a-key")
    monkeypatch.setenv("PERU_WEBHOOK_SECRET", "a-secret")
    text = (DOCS / "orquestador.example.toml").read_text()
    toml(text)
    found = accounts()
    assert list(found) == ["falabella", "falabella-pe"]
    assert (found["falabella"].rule.buffer, found["falabella-pe"].rule) == (2, Rule(buffer=5, cap=50))
    assert found["falabella-pe"].has_api
    # What is commented out works as well, but for the other two ways to a key.
    for line in text.splitlines():
        if line.startswith("# ") and " = " in line and "api_key" not in line:
            toml(f"{text}\n{line.removeprefix('# ')}\n")
            assert len(accounts()) == 2
    (block,) = re.findall(r"```toml\n(.*?)```", (DOCS / "accounts.md").read_text(), re.DOTALL)
    toml(block)
    assert accounts()["falabella-pe"].has_api
