"""What `uninstall` counts as ours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orquestador.app.uninstall import Uninstaller
from orquestador.clock import ManualClock
from orquestador.journal.sqlite import SqliteJournal
from orquestador.ports import Registration
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context

OURS = "https://shop.example.com"


@dataclass
class Registry(FakeChannel):
    """A marketplace where an integrator registered something too, and which knows ours by our address."""

    own: str | None = None
    entries: list[Registration] = field(
        default_factory=lambda: [
            Registration("1", f"{OURS}/falabella/webhook/order/s3cret", ("onOrderCreated",)),
            Registration("2", "https://integrator.example.com/hook", ("onOrderCreated",)),
        ]
    )

    async def registrations(self) -> list[Registration]:
        return [replace(e, ours=bool(self.own) and e.url.startswith(self.own or "")) for e in self.entries]

    async def unregister(self, registration_id: str) -> None:
        self.entries = [e for e in self.entries if e.id != registration_id]


@pytest.mark.parametrize("public_url", [OURS, None])
async def test_only_ours_is_listed_and_removed_and_without_an_address_it_says_what_is_needed(
    tmp_path: Path, public_url: str | None
) -> None:
    clock = ManualClock(1000.0)
    channel = Registry(clock.now, own=public_url)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    context = flow_context(journal, clock, channels={"shop": channel})
    uninstaller = Uninstaller(context, public_url, "en")
    (entry,) = await uninstaller.registered()
    assert "s3cret" not in entry.description
    removed = await uninstaller.remove(None)
    if public_url:
        assert (entry.id, entry.problem) == ("shop:1", None)
        assert [r.removed for r in removed] == [True]
        assert await uninstaller.registered() == ()
        assert [e.id for e in channel.entries] == ["2"]
    else:
        assert "2 webhook(s)" in entry.description
        assert entry.problem and "PUBLIC_URL" in entry.problem
        assert removed == ()
        assert len(channel.entries) == 2
    await journal.close()
