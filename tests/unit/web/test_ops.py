"""Keys, addresses, trace ids and process logs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from orquestador.ops import logging as process_logs
from orquestador.ops.addresses import is_loopback_host, is_loopback_url
from orquestador.ops.auth import ApiKey, Role, find_key, same
from orquestador.ops.health import Contact, Contacts, RequestCounts
from orquestador.web.tracing import trace_id_of


def test_a_role_may_do_what_the_ones_before_it_may() -> None:
    assert Role.ADMIN.may(Role.VIEWER)
    assert Role.OPERATOR.may(Role.OPERATOR)
    assert not Role.VIEWER.may(Role.OPERATOR)


def test_an_empty_secret_equals_nothing() -> None:
    assert not same("", "")
    assert not same("a", "")
    assert not same("\ud800", "a")
    assert same("\u00e9", "\u00e9")


def test_a_key_is_found_and_never_shown() -> None:
    keys = (ApiKey("a", Role.VIEWER, "first-key"), ApiKey("b", Role.ADMIN, "second-key"))
    found = find_key(keys, "second-key")
    assert found is keys[1]
    assert find_key(keys, "third-key") is None
    assert "second-key" not in repr(found)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("shop.localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


def test_addresses_that_are_none_are_not_this_machine() -> None:
    assert not is_loopback_url("http://[")
    assert not is_loopback_url("nonsense")


def test_a_trace_id_is_taken_over_only_when_it_is_one() -> None:
    good = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert trace_id_of(good) == "0af7651916cd43dd8448eb211c80319c"
    for bad in (
        None,
        b"",
        b"garbage",
        good.replace(b"0af7651916cd43dd8448eb211c80319c", b"0" * 32),
        b"\xff" * 55,
    ):
        made = trace_id_of(bad)
        assert len(made) == 32
        assert int(made, 16)
    assert trace_id_of(None) != trace_id_of(None)


def test_contacts_remember_the_last_good_answer_and_since_when_there_is_a_problem() -> None:
    contacts = Contacts()
    assert contacts.of("odoo") == Contact()
    contacts.good("odoo", 1.0)
    contacts.bad("odoo", 2.0, "refused")
    contacts.bad("odoo", 3.0, "timed out")
    assert contacts.of("odoo") == Contact(1.0, "timed out", 2.0)
    contacts.good("odoo", 4.0)
    assert contacts.of("odoo") == Contact(4.0)


def test_requests_are_counted_by_answer() -> None:
    counts = RequestCounts()
    for status in (200, 200, 503):
        counts.count("GET /health", status)
    assert counts.of("GET /health") == {200: 2, 503: 1}
    assert counts.of("GET /") == {}


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """The test's own logging comes back afterwards."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.usefixtures("_own_logging")
def test_lines_are_json_redacted_and_carry_the_trace_id(capsys: pytest.CaptureFixture[str]) -> None:
    process_logs.configure("info", "json")
    log = structlog.get_logger("orquestador.test")
    with structlog.contextvars.bound_contextvars(trace_id="t" * 32):
        log.info("sent", api_key="hunter2", url="http://x/?token=hunter2", n=3)
    logging.getLogger("elsewhere").warning("posted to /falabella/webhook/order/%s", "hunter2")
    logging.getLogger("httpx2").info("GET https://x/?Signature=hunter2")
    logging.getLogger("uvicorn.access").info("POST /falabella/webhook/order/hunter2")
    try:
        raise RuntimeError("http://x/?token=hunter2 for a@example.com")
    except RuntimeError:
        log.exception("failed")
    written = capsys.readouterr().err
    ours, other, failed = [json.loads(line) for line in written.splitlines()]
    assert (ours["event"], ours["n"], ours["trace_id"], ours["level"]) == ("sent", 3, "t" * 32, "info")
    assert ours["timestamp"].endswith("Z")
    assert other["event"].startswith("posted to /falabella/webhook/order/")
    assert "RuntimeError" in failed["exception"]
    assert "a@example.com" not in written
    # The source line in the traceback is this file's own.
    assert "hunter2" not in written.replace('RuntimeError(\\"http://x/?token=hunter2', "")


@pytest.mark.usefixtures("_own_logging")
def test_the_console_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    process_logs.configure("warning", "console")
    structlog.get_logger("orquestador.test").info("quiet")
    structlog.get_logger("orquestador.test").warning("loud", password="hunter2")
    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "loud" in written
    assert "hunter2" not in written
