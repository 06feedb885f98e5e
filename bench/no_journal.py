"""Any serving command of ours whose receipts go nowhere: the same program, only `accept` answers at once.

`python -m bench.no_journal up`: what is left is what HTTP, the proof and the parsing cost, the ceiling of
`bench.ack`.
"""

from __future__ import annotations

from bench.swap import swap
from orquestador.app import front
from orquestador.app.build import new_id
from orquestador.app.services import HouseServices
from orquestador.cli import main
from orquestador.model.notices import Notice
from orquestador.ports import Accepted


class Forgetful(HouseServices):
    """The house without its memory."""

    async def accept(
        self, source: str, channel: str, notice: Notice, body: bytes, received_at: float, trace_id: str
    ) -> Accepted:
        return Accepted(new_id(), duplicate=False)


if __name__ == "__main__":
    swap(front, "HouseServices", Forgetful)
    main()
