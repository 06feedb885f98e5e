"""Is this account usable: configuration, host, credentials, clock, webhooks; and the webhooks themselves.

Finding codes: falabella.{ok, not_configured, placeholder, wrong_host, unreachable, rate_limited, credentials,
clock, refused, webhook_missing}. Facts never hold secrets: callback URLs contain one, so they are not shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Final
from xml.sax.saxutils import escape

from orquestador.channels.falabella.client import Calls
from orquestador.channels.falabella.config import DEFAULT_API_URL, SAMPLE_HOST, FalabellaConfig
from orquestador.channels.falabella.envelope import Node, child, instant, listed, rows, text
from orquestador.channels.falabella.webhook import ORDER_EVENTS
from orquestador.model.errors import AuthRefused, RateLimited, Rejected, Unavailable, UpstreamError
from orquestador.ports import Clock, Finding, Registration

EVENTS: Final = (*ORDER_EVENTS, "onFeedCompleted", "onProductCreated", "onProductUpdated")
"""What we register for; the last three are conveniences and left out where an account does not know them."""
CLOCK_WARNING_S: Final = 60.0
"""The accepted window is not published (falabella.md 1.2); a minute off is a machine without time service."""


class Webhooks:
    """The callbacks of one account; a URL may be there several times, and there is no update call."""

    def __init__(self, client: Calls, config: FalabellaConfig) -> None:
        self._client, self._config = client, config
        self._registered: set[str] = set()

    async def all(self) -> list[Registration]:
        """Everybody's, other integrators' included."""
        answer = await self._client.get("GetWebhooks")
        entries = [_registration(node) for node in listed(answer, "Webhooks", "Webhook")]
        return [replace(entry, ours=self._is_ours(entry)) for entry in entries]

    async def register(self, url: str) -> Registration:
        """The one registration of this URL for our events: the one that is there, or a new one.

        Our other entries go once it is there, such as those with an earlier secret: at no moment is nobody
        called.
        """
        entries = await self.all()
        self._registered.add(url)
        same = [entry for entry in entries if entry.url == url]
        good = next((entry for entry in same if set(ORDER_EVENTS) <= set(entry.events)), None)
        kept = good or await self._new(url)
        for entry in entries:
            if entry is not good and (entry in same or self._config.is_own(entry.url)):
                await self._delete(entry.id)
        return kept

    async def _new(self, url: str) -> Registration:
        try:
            return await self._create(url, EVENTS)
        except Rejected as error:
            # E099, in a sample of the documentation E096: an alias that this account does not know.
            if error.code not in ("E096", "E099"):
                raise
            return await self._create(url, ORDER_EVENTS)

    async def unregister(self, registration_id: str) -> None:
        """Remove an entry of ours; one that is gone is a success. Raises Rejected for somebody else's."""
        entry = next((e for e in await self.all() if e.id == registration_id), None)
        if entry is None:
            return
        if not entry.ours:
            raise Rejected("falabella: this webhook was registered by somebody else", code="foreign_webhook")
        await self._delete(registration_id)

    def _is_ours(self, entry: Registration) -> bool:
        return entry.url in self._registered or self._config.is_own(entry.url)

    async def _create(self, url: str, events: tuple[str, ...]) -> Registration:
        inner = "".join(f"<Event>{event}</Event>" for event in events)
        answer = await self._client.post(
            "CreateWebhook",
            content=_request(
                f"<Webhook><CallbackUrl>{escape(url)}</CallbackUrl><Events>{inner}</Events></Webhook>"
            ),
        )
        return Registration(text(answer.body, "Webhook", "WebhookId"), url, events)

    async def _delete(self, registration_id: str) -> None:
        try:
            await self._client.post(
                "DeleteWebhook", content=_request(f"<Webhook>{escape(registration_id)}</Webhook>")
            )
        except Rejected as error:
            if error.code != "E100":
                raise


async def check(config: FalabellaConfig, client: Calls, webhooks: Webhooks, clock: Clock) -> list[Finding]:
    """What `doctor` and readiness say about this account; never raises for an upstream's failure."""
    configured = _configuration(config)
    if configured is not None:
        return [configured]
    facts: dict[str, object] = {"channel": config.id, "host": config.host}
    try:
        # Not GetBrands: it is said to answer without looking at the signature (falabella.md 1.6).
        before = clock.now()
        answer = await client.get("GetProducts", {"Limit": "1"})
        found = _clock(config, answer.head, before, clock.now(), facts)
        if not any(set(ORDER_EVENTS) <= set(entry.events) for entry in await _calling(config, webhooks)):
            found.append(Finding("falabella.webhook_missing", "warning", facts))
    except UpstreamError as error:
        return [_failure(config, error, facts)]
    return found or [Finding("falabella.ok", "ok", facts)]


def _configuration(config: FalabellaConfig) -> Finding | None:
    facts: dict[str, object] = {"channel": config.id}
    if config.wrong_host:
        facts |= {"host": SAMPLE_HOST, "use": DEFAULT_API_URL}
        return Finding("falabella.wrong_host", "error", facts, stops=config.id)
    if config.placeholders:
        facts["settings"] = config.placeholders
        return Finding("falabella.placeholder", "warning", facts)
    if config.missing:
        facts["settings"] = config.missing
        return Finding("falabella.not_configured", "warning", facts)
    return None


async def _calling(config: FalabellaConfig, webhooks: Webhooks) -> list[Registration]:
    """The entries that reach us: one with an earlier secret does not."""
    entries = await webhooks.all()
    return [entry for entry in entries if entry.url == config.callback] if config.callback else entries


def _clock(
    config: FalabellaConfig, head: Node, before: float, after: float, facts: dict[str, object]
) -> list[Finding]:
    theirs = instant(text(head, "Timestamp"), UTC)
    if theirs is None or before - CLOCK_WARNING_S <= theirs <= after + CLOCK_WARNING_S:
        return []
    off = round(before - theirs if theirs < before else after - theirs)
    return [Finding("falabella.clock", "warning", {**facts, "ahead_s": off})]


def _failure(config: FalabellaConfig, error: UpstreamError, facts: dict[str, object]) -> Finding:
    facts = {**facts, "detail": error.detail}
    if isinstance(error, RateLimited):
        return Finding("falabella.rate_limited", "warning", facts)
    if isinstance(error, AuthRefused):
        code = (
            "falabella.clock" if "E003" in error.detail or "E004" in error.detail else "falabella.credentials"
        )
        return Finding(code, "error", facts, stops=config.id)
    code = "falabella.unreachable" if isinstance(error, Unavailable) else "falabella.refused"
    return Finding(code, "error", facts, stops=config.id)


def _registration(node: Node) -> Registration:
    events = tuple(text(event) for event in rows(child(node, "Events"), "Event"))
    return Registration(text(node, "WebhookId"), text(node, "CallbackUrl"), events)


def _request(inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Request>{inner}</Request>'.encode()
