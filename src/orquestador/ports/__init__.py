"""The Protocols between the flows and the outside: Journal, LogSink, Queue, Cache, Broadcast, Erp, Channel,
Clock.

Adapters implement them, flows use nothing else, and `tests/contract/` holds the suite that every adapter
passes.
"""

from __future__ import annotations

from orquestador.ports.channel import CatalogueRow, Channel, InvalidBody, JobReport, OrderHead
from orquestador.ports.clock import Clock
from orquestador.ports.erp import (
    DEFAULT,
    Changes,
    Duplicate,
    Erp,
    Movement,
    MovementState,
    Outcome,
    ProductProblem,
)
from orquestador.ports.findings import Finding, Registration, RegistrationChange
from orquestador.ports.journal import (
    Accepted,
    Journal,
    Mark,
    NewReceipt,
    OpenedJob,
    Process,
    ProcessRole,
    Receipt,
    RuleQuery,
    Save,
    Standstill,
    WorkCounts,
    WorkQuery,
)
from orquestador.ports.logs import LogSink
from orquestador.ports.volatile import MISSED, Broadcast, Cache, CacheMiss, Event, Listener, Queue, Remembered

__all__ = [
    "DEFAULT",
    "MISSED",
    "Accepted",
    "Broadcast",
    "Cache",
    "CacheMiss",
    "CatalogueRow",
    "Changes",
    "Channel",
    "Clock",
    "Duplicate",
    "Erp",
    "Event",
    "Finding",
    "InvalidBody",
    "JobReport",
    "Journal",
    "Listener",
    "LogSink",
    "Mark",
    "Movement",
    "MovementState",
    "NewReceipt",
    "OpenedJob",
    "OrderHead",
    "Outcome",
    "Process",
    "ProcessRole",
    "ProductProblem",
    "Queue",
    "Receipt",
    "Registration",
    "RegistrationChange",
    "Remembered",
    "RuleQuery",
    "Save",
    "Standstill",
    "WorkCounts",
    "WorkQuery",
]
