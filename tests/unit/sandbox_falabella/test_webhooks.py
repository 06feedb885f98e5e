"""Webhooks: hints that are repeated until exactly 200 (falabella.md 7)."""

from typing import Any

import pytest

from tests.unit.sandbox_falabella.support import Receiver, Sandbox, eventually

ORDER_EVENTS = ("onOrderCreated", "onOrderItemsStatusChanged")
FEED_EVENTS = ("onFeedCreated", "onFeedCompleted")


def _create(sandbox: Sandbox, url: str, events: tuple[str, ...] = (*ORDER_EVENTS, *FEED_EVENTS)) -> str:
    listed = "".join(f"<Event>{event}</Event>" for event in events)
    body = f"<Request><Webhook><CallbackUrl>{url}</CallbackUrl><Events>{listed}</Events></Webhook></Request>"
    return str(sandbox.body("CreateWebhook", body=body)["Webhook"]["WebhookId"])


def _attempts(sandbox: Sandbox) -> list[Any]:
    return [delivery["answers"] for delivery in sandbox.state()["webhooks"]["deliveries"]]


def test_a_new_order_is_announced_unsigned_with_ids_only(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    order_id = sandbox.order(("SKU-00001", 1))
    assert receiver.wait(1) == [{"event": "onOrderCreated", "payload": {"OrderId": order_id}}]
    names = {name.lower() for name in receiver.headers[0]}
    assert not {name for name in names if "sign" in name or "auth" in name}


def test_a_change_of_status_names_the_changed_items(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    order_id = sandbox.order(("SKU-00001", 3), notify=False)
    sandbox.status(order_id, "ready_to_ship", itemIds=[130000002])
    sandbox.switch(alt_spelling=True)
    sandbox.status(order_id, "canceled")
    bodies = receiver.wait(2)
    assert [body["payload"] for body in bodies] == [
        {"OrderId": order_id, "OrderItemIds": [130000002], "NewStatus": "ready_to_ship"},
        {"OrderId": order_id, "OrderItemIds": [130000001, 130000002, 130000003], "NewStatus": "Cancel"},
    ]


def test_nothing_is_announced_when_nothing_changed_or_silence_is_wanted(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    _create(sandbox, receiver.url)
    order_id = sandbox.order(("SKU-00001", 1), notify=False)
    sandbox.status(order_id, "pending")
    sandbox.status(order_id, "shipped", notify=False)
    assert sandbox.state()["webhooks"]["deliveries"] == []


def test_the_sellers_own_actions_are_announced_too(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.order(("SKU-00001", 1), notify=False)
    sandbox.ok("SetStatusToReadyToShip", body="", OrderItemIds="[130000001]", PackageId="PKG0000000001")
    assert receiver.wait(1)[0]["payload"]["NewStatus"] == "ready_to_ship"


@pytest.mark.parametrize("status", [204, 302, 401, 500])
def test_only_200_ends_the_retries_of_the_ladder(sandbox: Sandbox, receiver: Receiver, status: int) -> None:
    _create(sandbox, receiver.url)
    receiver.status = status
    sandbox.order(("SKU-00001", 1))
    eventually(lambda: _attempts(sandbox) == [[status]])
    sandbox.advance(50)
    assert len(receiver.bodies) == 1
    for n, minutes in enumerate((1, 5, 10), start=2):
        sandbox.advance(minutes * 60)
        eventually(lambda n=n: _attempts(sandbox) == [[status] * n])  # type: ignore[misc]
    receiver.status = 200
    sandbox.advance(30 * 60)
    eventually(lambda: _attempts(sandbox) == [[status] * 4 + [200]])
    sandbox.advance(86_400)
    assert (len(receiver.bodies), sandbox.state()["webhooks"]["pending"]) == (5, 0)


def test_a_retry_waits_for_its_minute(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    receiver.status = 500
    sandbox.order(("SKU-00001", 1))
    eventually(lambda: _attempts(sandbox) == [[500]])
    for minutes in (1, 5, 10, 30, 60, 120, 300, 600, 1440, 1440):
        state = sandbox.state()
        wait_s = state["webhooks"]["deliveries"][0]["due"] - state["now"]
        assert minutes * 60 - 30 < wait_s <= minutes * 60
        before = len(_attempts(sandbox)[0])
        sandbox.advance(minutes * 60)
        eventually(lambda before=before: len(_attempts(sandbox)[0]) == before + 1)  # type: ignore[misc]


def test_after_30_days_a_notice_is_given_up(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    receiver.status = 500
    sandbox.order(("SKU-00001", 1))
    eventually(lambda: _attempts(sandbox) == [[500]])
    sandbox.advance(30 * 86_400)
    eventually(lambda: sandbox.state()["webhooks"]["abandoned"] == 1)


def test_an_unreachable_receiver_is_retried(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, "http://127.0.0.1:9/nobody")
    sandbox.order(("SKU-00001", 1))
    eventually(lambda: _attempts(sandbox) == [[0]])


def test_duplicates(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(webhook_duplicate=2)
    sandbox.order(("SKU-00001", 1))
    eventually(lambda: sandbox.state()["webhooks"]["delivered"] == 3)
    assert len(receiver.bodies) == 3


def test_drops(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(webhook_drop=True)
    sandbox.order(("SKU-00001", 1))
    sandbox.switch(webhook_drop=False)
    second = sandbox.order(("SKU-00001", 1))
    assert [body["payload"]["OrderId"] for body in receiver.wait(1)] == [second]
    assert sandbox.state()["webhooks"]["dropped"] == 1


def test_reordering_sends_held_notices_in_reverse(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(webhook_reorder=True)
    order_id = sandbox.order(("SKU-00001", 1))
    sandbox.status(order_id, "ready_to_ship")
    sandbox.status(order_id, "shipped")
    sandbox.advance(1)
    statuses = [body["payload"].get("NewStatus", "created") for body in receiver.wait(3)]
    assert statuses == ["shipped", "ready_to_ship", "created"]


def test_reordering_reverses_different_orders_too(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(webhook_reorder=True)
    orders = [sandbox.order(("SKU-00001", 1)) for _ in range(20)]
    sandbox.advance(1)
    assert [body["payload"]["OrderId"] for body in receiver.wait(20)] == orders[::-1]


def test_turning_reordering_off_lets_the_held_ones_go(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(webhook_reorder=10_000)
    sandbox.order(("SKU-00001", 1))
    assert receiver.bodies == []
    sandbox.switch(webhook_reorder=False)
    receiver.wait(1)


def test_delays(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(webhook_delay_s=600)
    sandbox.order(("SKU-00001", 1))
    sandbox.advance(500)
    state = sandbox.state()
    (delivery,) = state["webhooks"]["deliveries"]
    assert delivery["state"] == "waiting"
    assert 50 < delivery["due"] - state["now"] <= 100
    sandbox.advance(101)
    receiver.wait(1)


@pytest.mark.parametrize(("wanted", "update_stock"), [(None, 0), ("all", 2), (False, 0)])
def test_feed_events_are_for_product_feeds_unless_switched(
    sandbox: Sandbox, receiver: Receiver, wanted: object, update_stock: int
) -> None:
    _create(sandbox, receiver.url)
    sandbox.switch(feed_events=wanted)
    sandbox.update_stock({"SKU-00001": 7})
    sandbox.advance(3)
    assert len(sandbox.state()["webhooks"]["deliveries"]) == update_stock


def test_a_product_feed_announces_its_birth_and_its_end(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url)
    unit = "<BusinessUnit><OperatorCode>facl</OperatorCode><Stock>-1</Stock></BusinessUnit>"
    product = f"<Product><SellerSku>SKU-00001</SellerSku><BusinessUnits>{unit}</BusinessUnits></Product>"
    feed_id = sandbox.ok("ProductUpdate", body=f"<Request>{product}</Request>")["Head"]["RequestId"]
    sandbox.advance(3)
    assert receiver.wait(2) == [  # completed does not mean success
        {"event": "onFeedCreated", "payload": {"Feed": feed_id}},
        {"event": "onFeedCompleted", "payload": {"Feed": feed_id}},
    ]


def test_a_callback_hears_only_its_events(sandbox: Sandbox, receiver: Receiver) -> None:
    _create(sandbox, receiver.url, ("onOrderItemsStatusChanged",))
    order_id = sandbox.order(("SKU-00001", 1))
    sandbox.status(order_id, "shipped")
    assert receiver.wait(1)[0]["event"] == "onOrderItemsStatusChanged"


def test_the_same_url_can_be_registered_twice_and_each_entry_is_deleted_alone(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    first, second = _create(sandbox, receiver.url), _create(sandbox, receiver.url)
    sandbox.order(("SKU-00001", 1))
    receiver.wait(2)
    sandbox.ok("DeleteWebhook", body=f"<Request><Webhook>{first}</Webhook></Request>")
    hook = sandbox.body("GetWebhooks")["Webhooks"]["Webhook"]
    assert (hook["WebhookId"], hook["CallbackUrl"], hook["WebhookSource"]) == (second, receiver.url, "api")
    assert hook["Events"]["Event"] == [*ORDER_EVENTS, *FEED_EVENTS]
    assert sandbox.body("GetWebhooks", WebhookIds=f'["{first}"]') == {"Webhooks": ""}
    assert sandbox.error("DeleteWebhook", body=f"<Request><Webhook>{first}</Webhook></Request>") == "100"


@pytest.mark.parametrize(
    ("code", "webhook"),
    [
        ("89", ""),
        ("89", "<Webhook><Events><Event>onOrderCreated</Event></Events></Webhook>"),
        ("89", "<Webhook><CallbackUrl>http://x.test/</CallbackUrl></Webhook>"),
        (
            "98",
            "<Webhook><CallbackUrl>x</CallbackUrl><Events><Event>onOrderCreated</Event></Events></Webhook>",
        ),
        (
            "99",
            "<Webhook><CallbackUrl>http://x.test/</CallbackUrl><Events><Event>onX</Event></Events></Webhook>",
        ),
    ],
)
def test_registration_errors(sandbox: Sandbox, code: str, webhook: str) -> None:
    assert sandbox.error("CreateWebhook", body=f"<Request>{webhook}</Request>") == code


def test_entities_list_the_events(sandbox: Sandbox) -> None:
    entities = sandbox.body("GetWebhookEntities")["Entities"]["Entity"]
    aliases = {
        event["EventAlias"]
        for entity in entities
        if entity["Name"] == "Order"
        for event in entity["Events"]["Event"]
    }
    assert aliases == set(ORDER_EVENTS)
