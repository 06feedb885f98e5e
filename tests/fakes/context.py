"""What flows run in, in a test: a journal, a clock, and fakes for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from orquestador.flows.context import Context, FlowSettings
from orquestador.ports import Channel, Clock, Erp, Journal
from orquestador.queue.local import LocalQueue
from tests.fakes.logs import NoLogs


def flow_context(
    journal: Journal,
    clock: Clock,
    *,
    erp: Erp | None = None,
    channels: Mapping[str, Channel] | None = None,
    settings: FlowSettings | None = None,
    owner: str = "test",
    new_id: Callable[[], str] | None = None,
    alone: bool = True,
) -> Context:
    """Ids are `1`, `2` ... where the test asks for no others. No gate was reported yet."""
    ids = count(1)
    return Context(
        journal=journal,
        queue=LocalQueue(clock),
        erp=erp,
        channels=channels or {},
        clock=clock,
        logs=NoLogs(),
        settings=settings or FlowSettings(),
        owner=owner,
        new_id=new_id or (lambda: str(next(ids))),
        alone=alone,
    )
