"""Who buys: one contact for each customer, or one for all (ADR 0018).

Everything asked and answered here is personal, so it is confidential: no call log, no words of Odoo.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import Rejected
from orquestador.model.sales import (
    BAD_PARTNER,
    NO_CUSTOMER,
    PARTNER_REFUSED,
    Customer,
    Sale,
    SaleProblem,
)
from orquestador.ops.confidential import confidential

EXTERNAL_MODULE = "orquestador"
"""Of the external ids that we give: unique in the database, so that a contact or order is made once."""
_CREATED = ("name", "vat", "email", "phone", "street", "street2", "city", "zip")
_RUT = re.compile(r"(\d{6,8})([\dK])")


def external_id(kind: str, *parts: str) -> str:
    """`orquestador.<kind>_<hash>`: tells nothing about what is hashed."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]
    return f"{EXTERNAL_MODULE}.{kind}_{digest}"


def compact_vat(vat: str) -> str:
    """Letters and digits only: tax numbers are written in many ways."""
    return re.sub(r"[^0-9A-Z]", "", vat.upper())


def vat_spellings(vat: str) -> list[str]:
    """How a tax number may stand in Odoo: as it came, bare, and as a RUT with hyphen, dots, `CL`."""
    bare = compact_vat(vat)
    spelled = {vat.strip(), bare, bare.removeprefix("CL")}
    if rut := _RUT.fullmatch(bare.removeprefix("CL")):
        body, check = rut.groups()
        dotted = f"{int(body):,}".replace(",", ".")
        for shown in (f"{body}-{check}", f"{dotted}-{check}", f"{body}{check}"):
            spelled |= {shown, f"CL{shown}", shown.lower()}
    return sorted(spelled - {""})


@dataclass(slots=True)
class Found:
    ids: dict[str, int] = field(default_factory=dict)
    """Per key of who asked."""
    problems: dict[str, SaleProblem] = field(default_factory=dict)


class Partners:
    """Nothing is remembered: people merge and archive contacts."""

    def __init__(self, rpc: Transport, settings: OdooSettings) -> None:
        self._rpc, self._settings = rpc, settings

    async def company(self, setup: SetUp) -> int:
        """Our own company's contact: for orders that only occupy their key."""
        found = rows(
            await self._rpc.call(
                "res.company",
                "read",
                [setup.warehouse.company_id],
                {"fields": ["partner_id"]},
                setup.company,
            )
        )
        partner = ref(found[0].get("partner_id")) if found else None
        if partner is None:
            raise Rejected("odoo: the company has no contact")
        return partner

    async def fixed(self, setup: SetUp, partner: str | None) -> int | None:
        """The one contact with this reference; None when each buyer has its own. SaleProblem(BAD_PARTNER)."""
        if partner is None:
            return None
        with confidential():
            found = await self._search(setup, [["ref", "=", partner]], [])
        if len(found) != 1:
            raise SaleProblem(BAD_PARTNER, f"{partner}, {len(found)}")
        return int(found[0]["id"])

    async def resolve(self, setup: SetUp, sales: Mapping[str, Sale | None]) -> Found:
        """A contact for each key: the one of its channel, else by tax number, else by e-mail, else made under
        an external id."""
        found = Found()
        customers: dict[str, Customer | None] = {}
        by_partner: dict[str, list[str]] = {}
        for key, sale in sales.items():
            partner = self._settings.terms_of(sale).partner
            if partner is None:
                customers[key] = sale.customer if sale is not None else None
            else:
                by_partner.setdefault(partner, []).append(key)
        for partner, keys in by_partner.items():
            try:
                fixed = await self.fixed(setup, partner)
            except SaleProblem as problem:
                found.problems |= dict.fromkeys(keys, problem)
            else:
                found.ids |= dict.fromkeys(keys, fixed or 0)
        known = {key: c for key, c in customers.items() if c is not None and (compact_vat(c.vat) or c.email)}
        found.problems |= {key: SaleProblem(NO_CUSTOMER) for key in customers if key not in known}
        if known:
            with confidential():
                await self._find(setup, known, found)
                missing = {key: c for key, c in known.items() if key not in found.ids}
                if missing:
                    await self._make(setup, missing, found)
        return found

    async def _find(self, setup: SetUp, customers: Mapping[str, Customer], found: Found) -> None:
        vats = sorted({v for c in customers.values() if c.vat for v in vat_spellings(c.vat)})
        mails = sorted({c.email.lower() for c in customers.values() if c.email})
        either: list[object] = [["vat", "in", vats], ["email_normalized", "in", mails]]
        domain = ["|", *either] if vats and mails else either[:1] if vats else either[1:]
        # The contact of the whole customer before one of its people or addresses; the oldest one.
        listed = await self._search(setup, domain, ["vat", "email_normalized", "parent_id"])
        listed.sort(key=lambda row: (bool(row.get("parent_id")), int(row["id"])))
        by_vat: dict[str, int] = {}
        by_mail: dict[str, int] = {}
        for row in listed:
            by_vat.setdefault(_bare(str(row.get("vat") or "")), int(row["id"]))
            by_mail.setdefault(str(row.get("email_normalized") or ""), int(row["id"]))
        for key, c in customers.items():
            match = by_vat.get(_bare(c.vat)) if c.vat else None
            if match is None and c.email:
                match = by_mail.get(c.email.lower())
            if match is not None:
                found.ids[key] = match

    async def _make(self, setup: SetUp, customers: Mapping[str, Customer], found: Found) -> None:
        """Repeating it, or two at once, gives one contact: the external id is unique (odoo.md §6)."""
        by_id: dict[str, list[str]] = {}
        for key, c in customers.items():
            identity = f"vat:{_bare(c.vat)}" if c.vat else f"email:{c.email.lower()}"
            by_id.setdefault(external_id("partner", self._settings.prefix, identity), []).append(key)
        for external, keys in by_id.items():
            c = customers[keys[0]]
            values = {name: str(getattr(c, name)) for name in _CREATED}
            values["name"] = values["name"] or "?"
            row = ["id", *(name for name in _CREATED if values[name])]
            try:
                made = await self._load(setup, row, [external, *(values[name] for name in row[1:])])
            except Rejected:
                made = None
            if made is None:
                found.problems |= dict.fromkeys(keys, SaleProblem(PARTNER_REFUSED))
            else:
                found.ids |= dict.fromkeys(keys, made)

    async def _load(self, setup: SetUp, names: Sequence[str], values: Sequence[str]) -> int | None:
        answer = await self._rpc.call(
            "res.partner",
            "load",
            None,
            {"fields": list(names), "data": [list(values)]},
            setup.company,
            write=True,
        )
        ids = answer.get("ids") if isinstance(answer, dict) else None
        return int(ids[0]) if isinstance(ids, list) and ids else None

    async def _search(self, setup: SetUp, domain: list[object], fields: list[str]) -> list[Row]:
        company: list[object] = [["company_id", "in", [False, setup.warehouse.company_id]]]
        return rows(
            await self._rpc.call(
                "res.partner",
                "search_read",
                kwargs={"domain": [*company, *domain], "fields": fields or ["id"], "order": "id"},
                context=setup.company,
            )
        )


def _bare(vat: str) -> str:
    return compact_vat(vat).removeprefix("CL")
