"""The `Erp` port on Odoo: puts the parts together, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from orquestador.circuit import Circuit
from orquestador.erp.odoo.accelerator import ACTION, Accelerator
from orquestador.erp.odoo.changes import StockChanges
from orquestador.erp.odoo.check import Checker
from orquestador.erp.odoo.client import Client, speaks
from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.documents import Documents
from orquestador.erp.odoo.houses import SetUpReader
from orquestador.erp.odoo.kits import Kits
from orquestador.erp.odoo.measures import Grains
from orquestador.erp.odoo.movements import Movements
from orquestador.erp.odoo.partition import by_place
from orquestador.erp.odoo.products import Products
from orquestador.erp.odoo.rules import WebhookRules
from orquestador.erp.odoo.sales import Sales
from orquestador.erp.odoo.unitcheck import UnitCheck
from orquestador.http_base import CallLogger, HttpBase, TimeOuts
from orquestador.model.errors import AuthRefused, PlaceRefused
from orquestador.model.orders import Direction
from orquestador.model.places import Area, Place, Scope
from orquestador.model.stock import Availability
from orquestador.ops.ratelimit import Counters
from orquestador.pace import Pace, Rank, ranked
from orquestador.ports import (
    DEFAULT,
    Changes,
    Clock,
    Duplicate,
    Finding,
    Movement,
    Outcome,
    ProductProblem,
    Registration,
    RegistrationChange,
)


class OdooErp:
    """One Odoo database. The first call reads its set-up; a refusal forgets it, so that a repair shows.

    Where calls wait for their turn, what moves stock, with the reads that it needs, goes before all others.
    """

    def __init__(
        self,
        settings: OdooSettings,
        clock: Clock,
        *,
        log: CallLogger | None = None,
        circuit: Circuit | None = None,
        counters: Counters | None = None,
    ) -> None:
        """`counters`: where the calls of all processes that ask this database are counted together."""
        pace = Pace(
            "odoo",
            clock,
            calls_per_s=settings.calls_per_s,
            in_flight=settings.in_flight,
            counters=counters,
        )
        self._http = HttpBase(
            "odoo",
            clock,
            log=log,
            circuit=circuit,
            pace=pace,
            read=TimeOuts(read_s=settings.read_timeout_s, connect_s=settings.connect_timeout_s),
            write=TimeOuts(read_s=settings.write_timeout_s, connect_s=settings.connect_timeout_s),
            max_connections=settings.in_flight,
            speaks=speaks,
        )
        rpc = Client(settings, self._http)
        self._houses = settings.warehouses
        self._accelerator = Accelerator(rpc, settings.prefix, allowed=settings.accelerator)
        self._setup = SetUpReader(settings, rpc, self._accelerator.prepare)
        self._kits = Kits(rpc, clock)
        self._products = Products(rpc, clock, settings.product_cache_s, self._kits)
        plain = Movements(
            rpc, self._products, self._kits, self._accelerator, sells=settings.sales is not None
        )
        self._movements = Documents(plain, Sales(rpc, self._products, self._kits, settings), Grains(rpc))
        self._changes = StockChanges(rpc, self._products, self._kits, clock)
        self._rules = WebhookRules(rpc, settings.prefix)
        units = UnitCheck(rpc, self._kits, clock)
        self._checker = Checker(settings, rpc, self._setup, self._rules, self._accelerator, units, clock)

    @property
    def circuit(self) -> Circuit:
        return self._http.circuit

    async def check(self) -> list[Finding]:
        self._setup.forget()
        # What moves stock waits for the set-up that is being read anew.
        with ranked(Rank.FIRST):
            return await self._checker.check()

    async def products(
        self, skus: Sequence[str], place: Place | None = None
    ) -> dict[str, int | ProductProblem]:
        with ranked(Rank.FIRST), self._forgetting():
            return await self._products.products(await self._setup.at(place), skus)

    async def place(self, warehouse: str | None) -> Place:
        with ranked(Rank.FIRST), self._forgetting():
            return (await self._setup.get(warehouse)).warehouse.place

    async def areas(self, scopes: Sequence[Scope]) -> list[Area]:
        with self._forgetting():
            return await self._setup.areas(scopes)

    async def skus_of(self, product_ids: Sequence[int]) -> dict[int, str]:
        with self._forgetting():
            return await self._products.skus_of(await self._setup.everywhere(), product_ids)

    async def availability(
        self, skus: Sequence[str], scope: Scope = DEFAULT
    ) -> dict[str, Availability | ProductProblem]:
        with self._forgetting():
            return await self._products.availability(await self._setup.within(scope), skus)

    async def duplicates(self) -> list[Duplicate]:
        with self._forgetting():
            return await self._products.duplicates(await self._setup.each_company())

    async def apply(self, movements: Sequence[Movement], *, force: bool = True) -> dict[str, Outcome]:
        with ranked(Rank.FIRST), self._forgetting():
            taking = any(m.direction is Direction.OUT for m in movements)
            return await by_place(
                self._setup,
                movements,
                lambda setup, some: self._movements.apply(setup, some, force=force),
                taking=taking,
            )

    async def ask(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with ranked(Rank.FIRST), self._forgetting():
            return await by_place(self._setup, movements, self._movements.ask)

    async def finish(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with ranked(Rank.FIRST), self._forgetting():
            return await by_place(self._setup, movements, self._movements.finish)

    async def lower(
        self, movements: Sequence[Movement], to: Mapping[str, Mapping[int, float]]
    ) -> dict[str, Outcome]:
        with ranked(Rank.FIRST), self._forgetting():
            return await by_place(
                self._setup, movements, lambda setup, some: self._movements.lower(setup, some, to)
            )

    async def void(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with ranked(Rank.FIRST), self._forgetting():
            return await by_place(self._setup, movements, self._movements.void)

    async def changed_since(self, cursor: str | None) -> Changes:
        with self._forgetting():
            return await self._changes.since(await self._setup.everywhere(), cursor)

    async def registrations(self) -> list[Registration]:
        """The webhook rules and the server action in Odoo that carry our name (for `uninstall`)."""
        with self._forgetting():
            setup = await self._setup.anywhere()
            return [*await self._rules.ours(setup), *await self._accelerator.ours(setup)]

    async def register(self, url: str) -> RegistrationChange:
        """Make the recommended rule, or make it right; RuleRefused says what is in the way."""
        with self._forgetting():
            return await self._rules.install(await self._setup.anywhere(), url)

    async def install_action(self) -> RegistrationChange:
        """Make the accelerator, or make it right; RuleRefused says what is in the way."""
        with self._forgetting():
            return await self._accelerator.install(await self._setup.anywhere())

    async def remove_action(self) -> list[Registration]:
        """Remove the accelerator; gives what was there. RuleRefused."""
        with self._forgetting():
            return await self._accelerator.uninstall(await self._setup.anywhere())

    async def unregister(self, registration_id: str) -> None:
        """Delete one of `registrations`."""
        kind, _, number = registration_id.rpartition("-")
        with self._forgetting():
            part = self._accelerator if kind == ACTION else self._rules
            await part.remove(await self._setup.anywhere(), int(number))

    async def close(self) -> None:
        await self._http.close()

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        try:
            yield
        except PlaceRefused:
            # One warehouse is not well: the next check reads it anew, and the others need not.
            if len(self._houses) == 1:
                self._setup.forget()
            raise
        except AuthRefused:
            self._setup.forget()
            self._products.forget()
            raise
