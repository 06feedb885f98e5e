"""The simulated server: dispatch of calls, workers, the write lock, transactions and their webhooks."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import httpx2

from orquestador.sandbox.odoo import costs, rights
from orquestador.sandbox.odoo.automations import Event, Watcher, set_stock_webhook
from orquestador.sandbox.odoo.env import ADMIN, Env, as_ids
from orquestador.sandbox.odoo.errors import AccessError, SerializationFailure, UserError
from orquestador.sandbox.odoo.faults import Faults
from orquestador.sandbox.odoo.models.moves import StockMove
from orquestador.sandbox.odoo.models.products import QUANTITIES
from orquestador.sandbox.odoo.registry import Registry
from orquestador.sandbox.odoo.seed import add_second_warehouse, remove_second_warehouse, seed
from orquestador.sandbox.odoo.store import Database, Transaction

WORKERS = 4  # processes of the measured servers; a request holds one until it is answered
WEBHOOK_TIMEOUT_S = 1.0  # per event, never repeated (odoo.md 8.1)
HANG_S = 120.0  # of `commit_then_timeout`, the server's own limit_time_real (odoo.md 9)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """How to start: the series to behave like, the catalogue, the webhook and the cost model."""

    version: int = 18
    seed_catalog: int = 100
    webhook: str | None = None
    latency: Literal["none", "measured"] = "none"
    seed: int = 0  # of the dice behind `error_rate`


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave, and whether its answer must hang although it is committed."""

    value: Any
    hangs: bool = False


class Core:
    """One Odoo database and the server in front of it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.registry = Registry(options.version)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.webhooks_sent = 0
        self.workers = asyncio.Semaphore(WORKERS)
        self.stopping = asyncio.Event()
        self._writing = asyncio.Lock()
        self._lanes = asyncio.Semaphore(costs.BY_VERSION[options.version].lanes)
        self._dice = random.Random(options.seed)
        self._http: httpx2.AsyncClient | None = None
        self._database = self._seeded()

    # -- life ----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Be ready to send webhooks."""
        headers = {"User-Agent": "python-requests/2.31.0"}
        self._http = httpx2.AsyncClient(timeout=WEBHOOK_TIMEOUT_S, headers=headers, trust_env=False)

    async def close(self) -> None:
        """Let go of everything, hanging answers included."""
        self.stopping.set()
        if self._http is not None:
            await self._http.aclose()

    async def reset(self) -> None:
        """Back to the start: data, faults and counters; the webhook is again that of the options."""
        async with self._writing:
            self.faults.clear()
            self.calls.clear()
            self.webhooks_sent = 0
            self._dice = random.Random(self.options.seed)
            self._database = self._seeded()

    # -- calls ---------------------------------------------------------------------------------------------

    async def call(
        self, model: str, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], uid: int = ADMIN
    ) -> Outcome:
        """Run a public method of a model as this user. The caller holds one of `workers` meanwhile.

        Raises what the method raises; a failed call has changed nothing.
        """
        self.calls[f"{model}.{method}"] += 1
        if self.faults.value("delay_s"):
            await asyncio.sleep(self.faults.value("delay_s"))
        if self._dice.random() < self.faults.value("error_rate"):
            raise SerializationFailure("could not serialize access due to concurrent update")
        function = self.resolve(model, method)
        named = dict(kwargs)
        context = named.pop("context", None) or {}
        fields = named.get("fields") or (args[1] if len(args) > 1 else ())
        asked = fields if isinstance(fields, list | tuple) else ()
        self.read(lambda env: rights.check(env, model, asked, method), context, uid)
        if not function.__dict__["rpc_writes"]:
            value = self.read(lambda env: function(env[model], *args, **named), context, uid)
            await self._pay_read(value, fields)
            return Outcome(value)
        started = datetime.now(UTC)
        await self._pay_write(f"{model}.{method}", args, named)
        quirks = (
            frozenset({"wizard"})
            if method == "button_validate" and self.faults.take("wizard")
            else frozenset()
        )
        billed: list[tuple[str, int, int]] = []

        def work(env: Env) -> Any:
            env.billed = billed
            return function(env[model], *args, **named)

        value = await self.write(work, context, started, quirks, uid)
        await self._pay_code(billed)
        idle = function.__name__ == "run" and not costs.changes(billed)
        return Outcome(value, hangs=not idle and self.faults.take("commit_then_timeout"))

    def resolve(self, model: str, method: str) -> Callable[..., Any]:
        """The function behind a public method, or the fault a real server gives (odoo.md 3)."""
        kind = self.registry.models.get(model)
        if kind is None or (model.startswith("sale.") and self.faults.value("no_sale_module")):
            raise UserError(f"Object {model} doesn't exist")
        if method.startswith("_"):
            raise AccessError(f"Private methods (such as '{model}.{method}') cannot be called remotely.")
        function = inspect.getattr_static(kind, method, None)
        if not inspect.isfunction(function) or "rpc_writes" not in function.__dict__:
            raise AttributeError(f"The method '{model}.{method}' does not exist")
        return function

    def user(self, password: str, *, login: str | None = None, uid: int | None = None) -> int | None:
        """Whose password (or key) this is, among those with this login or id; None = nobody's."""
        known: list[Any] = [("password", "=", password), ("active", "=", True)]
        if login is not None:
            known.append(("login", "=", login))
        found = self.read(lambda env: sorted(env["res.users"].select(known)))
        return next((one for one in found if uid in (None, one)), None)

    def read(
        self, work: Callable[[Env], _T], context: Mapping[str, Any] | None = None, uid: int = ADMIN
    ) -> _T:
        """Run `work` on what is committed, in one go."""
        return work(self._env(context or {}, datetime.now(UTC), uid=uid))

    async def write(
        self,
        work: Callable[[Env], _T],
        context: Mapping[str, Any] | None = None,
        started: datetime | None = None,
        quirks: frozenset[str] = frozenset(),
        uid: int = ADMIN,
    ) -> _T:
        """Run `work` as one transaction: all of it is committed, or nothing.

        17 and 18 call webhooks inside the transaction, so before the commit and even when it is rolled back;
        19 calls them after the commit only (odoo.md 8.1). Other requests read the old state until the commit.
        """
        watcher = Watcher()
        early = self.options.version <= 18
        async with self._writing:
            env = self._env(context or {}, started or datetime.now(UTC), watcher, quirks, uid)
            try:
                value = work(env)
            except Exception:
                if early:
                    await self._send(watcher.events)
                raise
            phantom = bool(watcher.events) and self.faults.take("phantom_webhook")
            if early:
                await self._send(watcher.events)
            if phantom:
                raise SerializationFailure("could not serialize access due to concurrent update")
            env.tx.commit()
        if not early:
            await self._send(watcher.events)
        return value

    async def set_webhook(self, url: str | None) -> None:
        """Call `url` from now on when stock changes; None stops it."""
        await self.write(lambda env: set_stock_webhook(env, url))

    async def set_faults(self, wanted: Mapping[str, Any]) -> None:
        """Switch faults (BadFault when one is unknown)."""
        self.faults.merge(wanted)
        if "second_warehouse" in wanted:
            on = bool(self.faults.value("second_warehouse"))
            async with self._writing:
                env = self._env({}, datetime.now(UTC))
                (add_second_warehouse if on else remove_second_warehouse)(env)
                env.tx.commit()

    # -- details -------------------------------------------------------------------------------------------

    def _seeded(self) -> Database:
        database = self.registry.empty_database()
        env = Env(self.registry, Transaction(database), now=datetime.now(UTC))
        seed(env, self.options.seed_catalog)
        set_stock_webhook(env, self.options.webhook)
        env.tx.commit()
        return database

    def _env(
        self,
        context: Mapping[str, Any],
        now: datetime,
        watcher: Watcher | None = None,
        quirks: frozenset[str] = frozenset(),
        uid: int = ADMIN,
    ) -> Env:
        if self.faults.value("drop_free_qty"):
            quirks |= {"drop_free_qty"}
        return Env(
            self.registry,
            Transaction(self._database),
            now=now,
            context=context,
            watch=watcher,
            quirks=quirks,
            uid=uid,
        )

    async def _send(self, events: Sequence[Event]) -> None:
        """One after the other, each at most a second; what the receiver says changes nothing."""
        assert self._http is not None, "open() comes first"
        for event in events:
            self.webhooks_sent += 1
            try:
                await self._http.post(
                    event.url, content=event.body, headers={"Content-Type": "application/json"}
                )
            except httpx2.HTTPError:
                continue

    async def _pay_read(self, value: Any, fields: Any) -> None:
        if self.options.latency == "measured":
            rows = len(value) if isinstance(value, list) else 1
            quantities = isinstance(fields, list | tuple) and any(name in QUANTITIES for name in fields)
            await asyncio.sleep(costs.read_ms(self.options.version, rows, quantities) / 1000)

    async def _pay_code(self, billed: Sequence[tuple[str, int, int]]) -> None:
        """What a server action did is known, and committed, only afterwards."""
        if self.options.latency == "measured" and billed:
            async with self._lanes:
                await asyncio.sleep(costs.code_ms(self.options.version, billed) / 1000)

    async def _pay_write(self, call: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        if self.options.latency != "measured" or call == "ir.actions.server.run":
            return
        subject = args[0] if args else next(iter(kwargs.values()), [])
        records = len(subject) if isinstance(subject, list) else 1
        moves = 0
        if call == "stock.picking.create":
            listed = subject if isinstance(subject, list) else [subject]
            moves = sum(len(vals.get("move_ids") or ()) for vals in listed if isinstance(vals, dict))
        elif call == "stock.picking.button_validate":
            moves = self.read(lambda env: len(env.of(StockMove).of_pickings(as_ids(subject))))
        async with self._lanes:
            await asyncio.sleep(costs.write_ms(self.options.version, call, records, moves) / 1000)
