"""Management of webhooks (falabella.md 7.1). No update call; one URL may be registered many times."""

from urllib.parse import urlsplit

from orquestador.sandbox.falabella.call import Call
from orquestador.sandbox.falabella.envelope import Answer, Node, Rows
from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.feed_requests import request_xml
from orquestador.sandbox.falabella.webhooks import ALL_EVENTS, EVENTS


def create_webhook(call: Call) -> Answer:
    """E089 a field is missing, E098 no URL, E099 an unknown event."""
    webhook = request_xml(call.body).find("Webhook")
    if webhook is None:
        raise ApiError(89, "Webhook")
    url = (webhook.findtext("CallbackUrl") or "").strip()
    events = [(event.text or "").strip() for event in webhook.findall("Events/Event")]
    if not url:
        raise ApiError(89, "CallbackUrl")
    if not events:
        raise ApiError(89, "Events")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ApiError(98, url)
    for event in events:
        if event not in ALL_EVENTS:
            raise ApiError(99, event)
    callback = call.world.webhooks.register(url, events, "api")
    created: Node = {
        "WebhookId": callback.webhook_id,
        "CreatedAt": call.world.country.local_text(callback.created_at),
    }
    return Answer({"Webhook": created}, "Webhook")


def get_webhooks(call: Call) -> Answer:
    wanted = call.array("WebhookIds", code=100) if call.text("WebhookIds") else None
    rows: list[Node] = [
        {
            "WebhookId": callback.webhook_id,
            "CallbackUrl": callback.url,
            "WebhookSource": callback.source,
            "Events": Rows("Event", callback.events),
        }
        for callback in call.world.webhooks.callbacks.values()
        if wanted is None or callback.webhook_id in wanted
    ]
    return Answer({"Webhooks": Rows("Webhook", rows)}, "Webhooks")


def get_webhook_entities(_call: Call) -> Answer:
    rows: list[Node] = [
        {
            "Name": name,
            "Events": Rows("Event", [{"EventName": event[2:], "EventAlias": event} for event in events]),
        }
        for name, events in EVENTS.items()
    ]
    return Answer({"Entities": Rows("Entity", rows)}, "Entities")


def delete_webhook(call: Call) -> Answer:
    """E100 for an unknown id."""
    webhook_id = (request_xml(call.body).findtext("Webhook") or "").strip()
    if call.world.webhooks.callbacks.pop(webhook_id, None) is None:
        raise ApiError(100, webhook_id)
    return Answer()
