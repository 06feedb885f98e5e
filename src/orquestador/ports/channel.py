"""A seller account on a marketplace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orquestador.model.budget import BudgetSpec
from orquestador.model.notices import Notice
from orquestador.model.orders import Announcement, SeenOrder
from orquestador.model.sales import SoldOrder
from orquestador.model.stock import RecordOutcome, WriteMeans
from orquestador.ports.findings import Finding, Registration
from orquestador.ports.journal import Receipt


@dataclass(frozen=True, slots=True)
class OrderHead:
    """An order in a channel's list: enough to decide whether to read it."""

    order_id: str
    number: str | None
    created_at: float | None
    states: tuple[str, ...]
    open: bool
    """Could still be shipped or cancelled."""
    fingerprint: str
    """Changes when the listed facts change."""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    ref: str
    sku: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class JobReport:
    finished: bool
    outcomes: Mapping[str, tuple[RecordOutcome, str | None]] = field(default_factory=dict)
    """By channel ref, when finished."""
    note: str | None = None


class Channel(Protocol):
    """One seller account on one marketplace. Methods raise the UpstreamError tree."""

    id: str
    kind: str
    has_api: bool
    """False when no credentials are configured: simple bodies still work."""
    budget: BudgetSpec
    max_batch: int
    write_means: WriteMeans
    live_means: WriteMeans
    """What `live` answers: without the units that the channel holds back for own orders (net), or with."""

    def read_notice(self, body: bytes, *, stock: bool) -> Notice:
        """What a webhook body says. Raises InvalidBody for a malformed simple body or no JSON at all."""
        ...

    def simple_orders(self, receipts: Sequence[Receipt]) -> list[SeenOrder]:
        """The body-backed receipts among these as orders, in order of their timestamp."""
        ...

    def announcements(self, receipts: Sequence[Receipt]) -> list[Announcement]:
        """The states that these hints announced; the truth is read, this only says what to wait for."""
        ...

    async def read_orders(self, order_ids: Sequence[str]) -> list[SeenOrder]:
        """Re-read orders by id; an order that does not exist is absent."""
        ...

    async def read_sales(self, order_ids: Sequence[str], *, customers: bool) -> dict[str, SoldOrder]:
        """What these orders are worth, tax included, and (`customers`) who bought; unknown ids are absent.
        For sale orders; never stored, and in no call log."""
        ...

    def orders_updated(self, since: float) -> AsyncIterator[list[OrderHead]]:
        """Every order updated since then, page by page, surviving a shifting list."""
        ...

    def catalogue(self) -> AsyncIterator[list[CatalogueRow]]: ...

    async def live(self, refs: Sequence[str]) -> dict[str, int]:
        """The numbers of these listings now, outside the budget of pushes; one without a number is absent."""
        ...

    def live_pages(self) -> AsyncIterator[dict[str, int]]:
        """The numbers of all listings, page by page, at a pace that leaves room for other calls."""
        ...

    async def push(self, quantities: Mapping[str, int]) -> str:
        """Send absolute numbers (at most `max_batch`); returns the job's external id. Ambiguous when it may
        have arrived."""
        ...

    async def report(self, external_id: str, refs: Sequence[str]) -> JobReport: ...

    async def find_job(
        self, quantities: Mapping[str, int], since: float, known: frozenset[str]
    ) -> str | None:
        """A job that we sent but whose id we never learned."""
        ...

    async def cancel_job(self, external_id: str) -> None: ...

    async def check(self) -> list[Finding]: ...

    async def registrations(self) -> list[Registration]: ...

    async def register(self, url: str) -> Registration: ...

    async def unregister(self, registration_id: str) -> None: ...

    async def close(self) -> None: ...


class InvalidBody(Exception):
    """A webhook body is malformed: `field` is where, `problem` what, `remedy` what to send instead."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        self.field, self.problem, self.remedy = field, problem, remedy
        super().__init__(f"{field}: {problem}. {remedy}")
