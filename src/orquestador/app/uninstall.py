"""What we registered on other systems, listed and removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from orquestador.flows.context import Context
from orquestador.i18n import text
from orquestador.model.errors import UpstreamError
from orquestador.ports import Registration
from orquestador.web.shapes import Registered


class Uninstaller:
    """Only entries of our own: other integrators' webhooks are never touched."""

    def __init__(self, context: Context, public_url: str | None, lang: str) -> None:
        self._x, self._public_url, self._lang = context, public_url, lang

    async def registered(self) -> tuple[Registered, ...]:
        """Everything of ours that is still there; an upstream that cannot be asked is one entry with its
        problem."""
        found: list[Registered] = []
        for channel in self._x.channels.values():
            if channel.has_api:
                found += await self._of(channel.id, channel.registrations)
        if self._x.erp is not None:
            found += await self._of("odoo", self._x.erp.registrations)
        return tuple(found)

    async def _of(
        self, system: str, ask: Callable[[], Awaitable[Sequence[Registration]]]
    ) -> list[Registered]:
        try:
            entries = await ask()
        except UpstreamError as error:
            return [Registered(system, "webhook", "", "cannot be asked", problem=error.detail)]
        found = [
            Registered(system, e.kind, f"{system}:{e.id}", f"{_masked(e.url)} {', '.join(e.events)}".strip())
            for e in entries
            if e.ours
        ]
        unclaimed = sum(not e.ours for e in entries)
        if unclaimed and not self._public_url:
            # Ours or somebody else's: without our own address nobody can tell.
            said = text(self._lang, "uninstall.whose", n=unclaimed)
            needed = text(self._lang, "uninstall.whose.do")
            found.append(Registered(system, "webhook", "", said, problem=needed))
        return found

    async def remove(self, ids: Sequence[str] | None) -> tuple[Registered, ...]:
        """Remove these ids (None = all) and say what became of each."""
        done: list[Registered] = []
        for entry in await self.registered():
            if not entry.id or (ids is not None and entry.id not in ids):
                continue
            own_id = entry.id.split(":", 1)[1]
            try:
                if entry.system == "odoo" and self._x.erp is not None:
                    await self._x.erp.unregister(own_id)
                else:
                    await self._x.channels[entry.system].unregister(own_id)
            except UpstreamError as error:
                done.append(replace(entry, problem=error.detail))
            else:
                done.append(replace(entry, removed=True))
        return tuple(done)


def _masked(url: str) -> str:
    """The address without its secret: the last path segment and any query."""
    if not url:
        return ""
    head, slash, _ = url.split("?", 1)[0].rpartition("/")
    return f"{head}{slash}***"
