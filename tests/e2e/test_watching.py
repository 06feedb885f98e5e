"""What a person sees of the stock and of changes: never older than a change, told as it happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.e2e.stack import ADMIN, Stack, wait_for

SERVICE = {"STOCK_CACHE_S": "600"}


class Watcher:
    """A client of `GET /events` in a thread of its own."""

    def __init__(self, url: str) -> None:
        self.lines: list[str] = []
        self.ended: str | None = None
        self._client = httpx2.Client(base_url=url, timeout=60, trust_env=False)
        self._answer = self._client.send(
            self._client.build_request("GET", "/events", headers=ADMIN), stream=True
        )
        self.status = self._answer.status_code
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        try:
            for line in self._answer.iter_lines():
                self.lines.append(line)
            self.ended = "well"
        except httpx2.HTTPError as error:
            self.ended = repr(error)

    @property
    def events(self) -> list[Any]:
        return [json.loads(line[6:]) for line in self.lines if line.startswith("data: ")]

    def wait(self) -> None:
        """Until the service ends the answer."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._client.close()


@contextmanager
def watching(shop: Stack) -> Iterator[Watcher]:
    """Ends when the service does: call it last, or stop the service inside."""
    watcher = Watcher(shop.url)
    wait_for("it listens", lambda: ": listening" in watcher.lines)
    yield watcher


def stock(shop: Stack, sku: str) -> Any:
    return shop.get(f"/odoo/stock/{sku}")


def test_an_answer_is_kept_and_says_its_age(shop: Stack) -> None:
    sku = shop.sku()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: stock(shop, sku), range(20)))
    assert {answer["asOf"] for answer in answers} == {answers[0]["asOf"]}
    later = stock(shop, sku)
    assert later["asOf"] == answers[0]["asOf"]
    assert later["ageSeconds"] >= max(answer["ageSeconds"] for answer in answers)


def test_an_order_that_is_in_the_erp_is_in_the_answer(shop: Stack) -> None:
    sku = shop.sku()
    assert stock(shop, sku)["onHand"] == 1000
    assert shop.simple("WATCH-1", "confirmed", (sku, 2)).is_success
    shop.order_is("WATCH-1", "settled")
    assert stock(shop, sku)["onHand"] == 998


def test_a_manual_movement_is_in_the_next_answer(shop: Stack) -> None:
    sku = shop.sku()
    assert stock(shop, sku)["onHand"] == 1000
    body = {"sku": sku, "quantity": 3, "reason": "count"}
    moved = shop.client.post("/odoo/stock/reduce", json=body, headers=ADMIN)
    assert (moved.status_code, moved.json()["newStock"]) == (200, 997)
    assert stock(shop, sku)["onHand"] == 997


def test_what_a_person_does_in_the_erp_is_soon_in_the_answer(shop: Stack) -> None:
    sku = shop.sku()
    assert stock(shop, sku)["onHand"] == 1000
    shop.set_stock(sku, 12)
    wait_for("the new number", lambda: stock(shop, sku)["onHand"] == 12)


@pytest.fixture
def ending(world: Stack) -> Stack:
    """A service that a test may stop."""
    world.env["CLOCK_URL"] = world.falabella.url
    world.up()
    return world


def test_what_happens_is_told_while_it_happens_and_the_end_ends_it(ending: Stack) -> None:
    shop, sku = ending, ending.sku()
    with watching(shop) as watcher:
        assert watcher.status == 200
        assert shop.simple("WATCH-2", "confirmed", (sku, 2)).is_success

        def told(topic: str, **facts: object) -> bool:
            return any(
                e["topic"] == topic and all(e.get(k) == v for k, v in facts.items()) for e in watcher.events
            )

        order = {"id": "order:falabella:WATCH-2", "ref": "WATCH-2", "skus": [sku]}
        wait_for("the order is told", lambda: told("order", state="settled", **order))
        wait_for("its job is told", lambda: told("job", state="sending"))
        wait_for("the job's end is told", lambda: told("job", state="done"))
        wait_for("its listing is told", lambda: told("listing", state="settled", skus=[sku]))
        shop.client.post("/pause", json={"paused": True}, headers=ADMIN).raise_for_status()
        wait_for("the stop is told", lambda: told("pause", paused=True))
        with shop.odoo.faulty(error_status=502):
            assert shop.simple("WATCH-3", "confirmed", (sku, 1)).is_success
            wait_for("the order is told", lambda: told("order", ref="WATCH-3"))
        assert shop.service is not None
        assert shop.service.stop() == 0
        watcher.wait()
        assert watcher.ended == "well"


def test_one_who_leaves_makes_room(ending: Stack) -> None:
    def status() -> int:
        request = ending.client.build_request("GET", "/events", headers=ADMIN)
        answer = ending.client.send(request, stream=True)
        answer.close()
        return answer.status_code

    # More than may listen at once, one after the other.
    assert {status() for _ in range(80)} <= {200, 503}
    wait_for("there is room", lambda: status() == 200)
