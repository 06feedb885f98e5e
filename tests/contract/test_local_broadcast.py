"""The broadcast in the process keeps the contract of broadcasts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orquestador.broadcast.local import LocalBroadcast
from orquestador.clock import ManualClock
from tests.contract.broadcast_contract import BroadcastContract


class TestLocalBroadcast(BroadcastContract):
    @pytest.fixture
    async def broadcast(self, clock: ManualClock) -> AsyncIterator[LocalBroadcast]:
        broadcast = LocalBroadcast(clock)
        yield broadcast
        await broadcast.close()


async def test_one_who_left_is_not_kept() -> None:
    broadcast = LocalBroadcast(ManualClock())
    (await broadcast.listen()).close()
    assert not broadcast._mailboxes
