"""The front of a process while its MongoDB is away, when it comes, and when it turns out to be of no use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from pymongo import MongoClient

from orquestador.app.front import Front
from orquestador.journal.mongo import JournalTooNew
from orquestador.journal.mongo.schema import VERSION
from orquestador.journal.mongo.store import PREFIX
from orquestador.ports import ProcessRole
from orquestador.settings import Settings
from tests.e2e.stack import SECRET
from tests.engines import DRIVER_LEAKS, Mongod
from tests.fakes.wait import eventually

pytestmark = DRIVER_LEAKS
LONG_S = 30.0
ORDER = f"/falabella/webhook/order/{SECRET}"
BODY = {
    "orderId": "1",
    "products": [{"sku": "A", "quantity": 1, "price": 1}],
    "status": "confirmed",
    "timestamp": "2026-11-24T10:00:00Z",
}


class Told:
    """What a server does when its front has failed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Mongod]:
    """Not started yet."""
    server = Mongod(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def front(server: Mongod) -> Front:
    settings = Settings(
        mongodb_uri=SecretStr(f"{server.uri}shop"), falabella_webhook_secret=SecretStr(SECRET)
    )
    return Front(settings, None, ProcessRole.API)


@pytest.fixture
async def client(front: Front) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=front, client=("127.0.0.1", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_while_the_store_is_away_all_is_refused_for_now_and_taken_when_it_comes(
    front: Front, server: Mongod, client: httpx2.AsyncClient
) -> None:
    told = Told()
    await front.open(told)
    for method, path in (
        ("POST", ORDER),
        ("POST", "/odoo/stock/reduce"),
        ("GET", "/logs"),
        ("GET", "/health"),
    ):
        answer = await client.request(method, path, json=BODY)
        assert answer.status_code == 503, path
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["remedy"]
    live = await client.get("/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "starting"})
    assert front.missing() == ()

    server.start()
    await eventually(lambda: front._service is not None, LONG_S)
    answer = await client.post(ORDER, json=BODY)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    await front.close()
    assert told.times == 0
    assert (await client.get("/health")).status_code == 503  # nothing is taken any more


async def test_it_can_be_closed_while_the_store_is_away(front: Front) -> None:
    told = Told()
    await front.open(told)
    await front.close()
    assert told.times == 0


def make_too_new(server: Mongod) -> None:
    with MongoClient[dict[str, Any]](server.uri) as client:
        client["shop"][f"{PREFIX}schema"].insert_one({**VERSION, "version": 999})


async def test_a_store_that_proves_unsuitable_later_ends_the_process(front: Front, server: Mongod) -> None:
    told = Told()
    server.start()
    make_too_new(server)
    server.stop()
    await front.open(told)
    server.start()
    await eventually(lambda: told.times > 0, LONG_S)
    with pytest.raises(JournalTooNew, match="999"):
        await front.close()
    assert told.times == 1


async def test_a_store_that_is_unsuitable_at_once_does_not_even_open(front: Front, server: Mongod) -> None:
    told = Told()
    server.start()
    make_too_new(server)
    with pytest.raises(JournalTooNew, match="999"):
        await front.open(told)
    assert told.times == 0
