"""What `doctor` and readiness want to know about Odoo. What could give wrong numbers stops the flow."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from orquestador.erp.odoo.accelerator import Accelerator, Found
from orquestador.erp.odoo.client import FIRST_JSON2, JSON2, Client
from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.houses import SetUpReader
from orquestador.erp.odoo.rights import INVENTORY_USER, has_group, key_ends, may_end
from orquestador.erp.odoo.rpc import Row, ref, rows
from orquestador.erp.odoo.rules import FIRST_WEBHOOK, WebhookRules
from orquestador.erp.odoo.salecheck import SaleCheck
from orquestador.erp.odoo.setup import AT_CONFIRM, NEWEST, HouseRefused, SetUp, SetUpRefused
from orquestador.erp.odoo.unitcheck import UnitCheck
from orquestador.model.errors import AuthRefused, Rejected, Unavailable, UpstreamError
from orquestador.ports import Clock, Finding

STOPS = "erp"
Question = Callable[[SetUp], Awaitable[list[Finding]]]
MAX_SKEW_S = 120.0
FIRST_MEASURED = 17
DAY_S = 86_400.0
LAST_ADDRESSED = 18
KEY_WARNING_DAYS = 14


class Checker:
    """Each question on its own: one that cannot be answered does not hide the others."""

    def __init__(
        self,
        settings: OdooSettings,
        rpc: Client,
        setup: SetUpReader,
        rules: WebhookRules,
        accelerator: Accelerator,
        units: UnitCheck,
        clock: Clock,
    ) -> None:
        self._settings, self._rpc, self._setup, self._rules, self._clock = settings, rpc, setup, rules, clock
        self._accelerator, self._units = accelerator, units

    async def check(self) -> list[Finding]:
        try:
            houses, findings = await self._houses()
        except SetUpRefused as error:
            return [_error(error.code, detail=error.detail, **error.facts)]
        except AuthRefused as error:
            return [
                _error(
                    "odoo.credentials",
                    detail=error.detail,
                    db=self._settings.db,
                    user=self._settings.username,
                )
            ]
        except UpstreamError as error:
            host = urlsplit(self._settings.url).netloc
            return [_error("odoo.unreachable", detail=error.detail, host=host, db=self._settings.db)]
        if not houses:
            return findings
        first = houses[0]
        findings = [*findings, self._version(first), *self._skew()]
        questions: list[tuple[Question, SetUp]] = [
            (self._api, first),
            (self._rights, first),
            (self._email, first),
            *((ask, house) for house in houses for ask in (self._scope, self._reservation)),
            (self._locations, first),
            (self._key, first),
            (self._webhook_rule, first),
            (self._one_call, first),
            (self._units.check, first),
        ]
        if self._settings.terms:
            questions.append((SaleCheck(self._rpc, self._settings).check, first))
        for question, setup in questions:
            try:
                findings += await question(setup)
            except AuthRefused:
                # Quantities and moves are closed to whoever is not in the group: said once is enough.
                findings += [] if _lacks_rights(findings) else [self._no_rights()]
            except Unavailable as error:
                return [
                    *findings,
                    _error(
                        "odoo.unreachable",
                        detail=error.detail,
                        host=urlsplit(self._settings.url).netloc,
                        db=self._settings.db,
                    ),
                ]
        wrong = {f.stops for f in findings if f.level == "error"}
        for setup in houses:
            if not wrong & {None, STOPS, self._part(setup)}:
                findings.append(self._well(setup))
        return findings

    async def _houses(self) -> tuple[list[SetUp], list[Finding]]:
        """The warehouses in use that are well, and what is wrong with the others."""
        houses: dict[int, SetUp] = {}
        findings: list[Finding] = []
        for code in self._settings.warehouses:
            try:
                setup = await self._setup.get(code)
                houses.setdefault(setup.warehouse.id, setup)
            except HouseRefused as error:
                stops = self._stops(code)
                facts = {**error.facts, "detail": error.detail}
                findings.append(Finding(error.code, "error", facts, stops=stops))
        return list(houses.values()), findings

    def _stops(self, code: str | None) -> str:
        """A single warehouse is all there is; with several, each stops its own part."""
        return STOPS if len(self._settings.warehouses) == 1 else f"{STOPS}:{code or ''}"

    def _part(self, setup: SetUp) -> str:
        code = setup.warehouse.code
        return self._stops(code if code in self._settings.warehouses else None)

    def _well(self, setup: SetUp) -> Finding:
        facts = {
            "version": setup.version,
            "db": self._settings.db,
            "warehouse": setup.warehouse.code,
            "company_id": setup.warehouse.company_id,
            "stock_location_id": setup.warehouse.stock_id,
            "customer_location_id": setup.customer_id,
        }
        return Finding("odoo.ok", "ok", facts)

    async def _locations(self, _: SetUp) -> list[Finding]:
        """What the channels publish, where it is not simply the stock of their warehouse."""
        findings = []
        for scope in dict.fromkeys(self._settings.scopes):
            if not scope.locations:
                continue
            facts: dict[str, object] = {"locations": ", ".join(scope.locations)}
            stops = f"scope:{scope}"
            try:
                area, source = await self._setup.areas([scope, scope.taken_from])
                facts["warehouse"] = (await self._setup.within(scope)).warehouse.code
            except HouseRefused as error:
                if error.code == "odoo.location":
                    facts = {**facts, **error.facts, "detail": error.detail}
                    findings.append(Finding(error.code, "error", facts, stops=stops))
                continue  # the warehouse has its own finding
            level = "ok" if area.overlaps(source) else "warning"
            findings.append(Finding("odoo.locations", level, facts))
        return findings

    def _version(self, setup: SetUp) -> Finding:
        major = setup.dialect.major
        measured = FIRST_MEASURED <= major <= NEWEST
        return Finding("odoo.version", "ok" if measured else "warning", {"version": setup.version})

    async def _api(self, setup: SetUp) -> list[Finding]:
        """From 22 on JSON-2 is all there is (odoo.md §1), so a password has no future."""
        api = self._rpc.api
        old = setup.dialect.major >= FIRST_JSON2 and not self._settings.is_key
        findings = [Finding("odoo.api", "warning" if old else "ok", {"api": api})]
        if api == JSON2:
            findings += await self._key_owner(setup)
        return findings

    async def _key_owner(self, setup: SetUp) -> list[Finding]:
        """Over JSON-2 the key alone says who we are, and nobody compares it with the name."""
        try:
            read = await self._rpc.call("res.users", "read", [setup.uid], {"fields": ["login"]})
        except (Rejected, AuthRefused):
            return []  # who may not see it cannot be told; the rights are asked for next
        owner = next((str(row.get("login")) for row in rows(read)), "?")
        if owner == self._settings.username:
            return []
        return [Finding("odoo.key_owner", "warning", {"user": self._settings.username, "owner": owner})]

    def _skew(self) -> list[Finding]:
        """Whole seconds in Odoo's `Date` header; a proxy's clock if there is one, which is as telling."""
        server = self._rpc.server_date
        if server is None:
            return []
        skew = round(self._clock.now() - server)
        return [Finding("odoo.clock", "warning" if abs(skew) > MAX_SKEW_S else "ok", {"skew_s": skew})]

    async def _rights(self, setup: SetUp) -> list[Finding]:
        """*Inventory / User* suffices (odoo.md §2)."""
        facts = self._group()
        try:
            allowed = await has_group(self._rpc, setup, INVENTORY_USER)
        except (Rejected, AuthRefused):
            # An old server does not tell; the first write will.
            return [Finding("odoo.rights", "warning", {**facts, "known": False})]
        return [Finding("odoo.rights", "ok", facts) if allowed else self._no_rights()]

    def _no_rights(self) -> Finding:
        return _error("odoo.rights", **self._group())

    def _group(self) -> dict[str, object]:
        return {"user": self._settings.username, "group": "Inventory / User"}

    async def _scope(self, setup: SetUp) -> list[Finding]:
        """With several warehouses a product of another one must count less here than in total.

        Else the scope that we ask for is being ignored, and we would oversell (odoo.md §4.2).
        """
        if not setup.other_warehouses:
            return []
        places = rows(
            await self._rpc.call(
                "stock.warehouse",
                "search_read",
                kwargs={
                    "domain": [
                        ["id", "!=", setup.warehouse.id],
                        ["company_id", "=", setup.warehouse.company_id],
                    ],
                    "fields": ["lot_stock_id"],
                },
                context=setup.company,
            )
        )
        other = [place for row in places if (place := ref(row.get("lot_stock_id"))) is not None]
        if not other:
            return []
        sample = rows(
            await self._rpc.call(
                "stock.quant",
                "search_read",
                kwargs={
                    "domain": [["location_id", "child_of", other], ["quantity", ">", 0]],
                    "fields": ["product_id", "quantity"],
                    "limit": 1,
                },
                context=setup.company,
            )
        )
        facts = {"warehouse": setup.warehouse.code, "others": setup.other_warehouses}
        product = ref(sample[0].get("product_id")) if sample else None
        if product is None:
            return [Finding("odoo.scope", "ok", {**facts, "compared": False})]
        total = await self._on_hand(product, setup.company)
        scoped = await self._on_hand(product, setup.scope)
        if total is None or scoped is None or scoped >= total:
            wrong = {**facts, "total": total, "scoped": scoped}
            return [Finding("odoo.scope", "error", wrong, stops=self._part(setup))]
        return [Finding("odoo.scope", "ok", {**facts, "total": total, "scoped": scoped})]

    async def _on_hand(self, product: int, context: dict[str, object]) -> float | None:
        found: list[Row] = rows(
            await self._rpc.call("product.product", "read", [product], {"fields": ["qty_available"]}, context)
        )
        return float(found[0]["qty_available"]) if found else None

    async def _email(self, setup: SetUp) -> list[Finding]:
        """Up to 18 a user without an address is refused a backorder: Odoo writes into the history."""
        if setup.dialect.major > LAST_ADDRESSED:
            return []
        found = rows(await self._rpc.call("res.users", "read", [setup.uid], {"fields": ["email"]}))
        level = "ok" if found and found[0]["email"] else "warning"
        return [Finding("odoo.user_email", level, {"user": self._settings.username})]

    async def _reservation(self, setup: SetUp) -> list[Finding]:
        """Only what is reserved is missing from `free_qty`, the number that we publish."""
        level = "ok" if setup.reservation_method == AT_CONFIRM else "warning"
        facts = {"method": setup.reservation_method, "warehouse": setup.warehouse.code}
        return [Finding("odoo.reservation", level, facts)]

    async def _key(self, setup: SetUp) -> list[Finding]:
        """When our API key ends: a user's own lives for 90 days at most (odoo.md §2)."""
        if not may_end(self._settings):
            return []
        try:
            ends = await key_ends(self._rpc, setup, self._clock.now())
        except (Rejected, AuthRefused):
            return [Finding("odoo.key_unseen", "warning", {"user": self._settings.username})]
        if ends is None:
            return []
        days = math.floor((ends.at - self._clock.now()) / DAY_S)
        until = datetime.fromtimestamp(ends.at, UTC).strftime("%Y-%m-%d")
        facts = {"name": ends.name, "days": days, "until": until}
        if days < 0:
            # It gives no wrong number: calls are refused, or another secret lets us in.
            return [Finding("odoo.key_expired", "error", facts)]
        return [Finding("odoo.key_expires", "warning" if days < KEY_WARNING_DAYS else "ok", facts)]

    async def _webhook_rule(self, setup: SetUp) -> list[Finding]:
        """A hint only: without it changes are found by the cursor, later."""
        if setup.dialect.major < FIRST_WEBHOOK:
            return [Finding("odoo.webhook_rule", "ok", {"native": False})]
        try:
            count = await self._rules.pointing_here(setup)
        except (Rejected, AuthRefused):
            # Not an administrator, or no automation module: we cannot see, which is no fault.
            return [Finding("odoo.webhook_rule", "warning", {"visible": False})]
        return [Finding("odoo.webhook_rule", "ok" if count else "warning", {"visible": True, "rules": count})]

    async def _one_call(self, setup: SetUp) -> list[Finding]:
        """The accelerator, when it is wanted: without it the same is done in three calls for a batch."""
        look = await self._accelerator.look(setup.dialect.major)
        facts = {"id": look.action_id, "detail": look.detail}
        match look.found:
            case Found.OFF:
                return []
            case Found.READY:
                return [Finding("odoo.accelerator_ready", "ok", facts)]
            case Found.MISSING:
                return [Finding("odoo.accelerator_missing", "ok", facts)]
            case Found.OTHER:
                return [Finding("odoo.accelerator_other", "warning", facts)]
            case Found.UNSEEN:
                return [Finding("odoo.accelerator_unseen", "warning", facts)]


def _lacks_rights(findings: list[Finding]) -> bool:
    return any(f.code == "odoo.rights" and f.level == "error" for f in findings)


def _error(code: str, **facts: object) -> Finding:
    return Finding(code, "error", facts, stops=STOPS)
