"""Odoo's own webhook rules (`base.automation`, since 17): described, made, found, removed (odoo.md §8.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from orquestador.erp.odoo.rights import ADMINISTRATOR, has_group
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Rejected
from orquestador.ops.redact import redact_text
from orquestador.ports import Registration, RegistrationChange

RULE_NAME = "Orquestador stock"
"""Rules that we made, or that a person made by our description, are called so; with PREFIX behind it."""
OUR_PATH = "/odoo/webhook/stock-change"
FIRST_WEBHOOK = 17
MODEL, MODULE_MODEL = "stock.quant", "base.automation"
TRIGGER = "on_create_or_write"
WATCHED = ("quantity", "reserved_quantity")
"""Reservations count too: a sale that a person confirms reserves first, and delivers later."""
DOMAIN = '[("location_id.usage", "=", "internal")]'
PAYLOAD = ("product_id", "location_id", "quantity", "reserved_quantity", "write_date")
"""Only the product is read here; the rest is for whoever looks at a notice."""


class RuleRefused(Rejected):
    """The rule cannot be made; `code` has words for a person, with the remedy."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"odoo: {detail}", code=code)


class WebhookRules:
    """Rules of one installation. Making them needs an administrator, and so may seeing them."""

    def __init__(self, rpc: Transport, prefix: str = "") -> None:
        self._rpc, self._name = rpc, rule_name(prefix)
        self._alone = not prefix

    async def ours(self, setup: SetUp) -> list[Registration]:
        """The rules with our name, switched off ones too; secrets in their URLs are masked."""
        found = await self._named(setup)
        if not found:
            return []
        urls = {
            ref(row.get("base_automation_id")): str(row.get("webhook_url") or "")
            for row in await self._actions(setup, [int(row["id"]) for row in found])
        }
        return [
            Registration(str(row["id"]), redact_text(urls.get(int(row["id"]), "")), (str(row["name"]),))
            for row in found
        ]

    async def pointing_here(self, setup: SetUp) -> int:
        """How many live rules call our stock webhook, whatever their name."""
        found = rows(
            await self._rpc.call(
                "ir.actions.server",
                "search_read",
                kwargs={
                    "domain": [["state", "=", "webhook"], ["webhook_url", "ilike", OUR_PATH]],
                    "fields": ["base_automation_id"],
                },
                context=setup.company,
            )
        )
        rules = [rule for row in found if (rule := ref(row.get("base_automation_id"))) is not None]
        if not rules:
            return 0
        count = await self._rpc.call(
            "base.automation",
            "search_count",
            kwargs={"domain": [["id", "in", rules]]},
            context=setup.company,
        )
        return int(count)

    async def install(self, setup: SetUp, url: str) -> RegistrationChange:
        """The one rule of ours, calling `url`: made, made anew when it is not as it should be, or left alone.

        Raises RuleRefused with what a person can do about it.
        """
        if setup.dialect.major < FIRST_WEBHOOK:
            raise RuleRefused("odoo.rule_version", f"version {setup.version} has no webhook action")
        if not await has_group(self._rpc, setup, ADMINISTRATOR):
            raise RuleRefused("odoo.rule_admin", "the user is no administrator")
        models = await self._ids(setup, "ir.model", "model", [MODEL, MODULE_MODEL])
        if MODULE_MODEL not in models:
            raise RuleRefused("odoo.rule_module", "the module base_automation is not installed")
        fields = await self._ids(setup, "ir.model.fields", "name", PAYLOAD, [["model", "=", MODEL]])
        known = await self._named(setup)
        if len(known) == 1 and await self._is_right(setup, known[0], url, fields):
            return RegistrationChange(self._registration(int(known[0]["id"]), url), "unchanged")
        # The new one first: in between two rules say the same, which costs a look, and never none.
        created = await self._create(setup, _values(self._name, url, models[MODEL], fields))
        await self._unlink(setup, [int(row["id"]) for row in known])
        return RegistrationChange(self._registration(created, url), "updated" if known else "created")

    async def remove(self, setup: SetUp, rule_id: int) -> None:
        """The rule; Odoo deletes its action with it."""
        await self._unlink(setup, [rule_id])

    def _registration(self, rule_id: int, url: str) -> Registration:
        return Registration(str(rule_id), redact_text(url), (self._name,))

    async def _named(self, setup: SetUp) -> list[Row]:
        fields = ["name", "active", "model_id", "trigger", "trigger_field_ids", "filter_domain"]
        try:
            found = rows(
                await self._rpc.call(
                    "base.automation",
                    "search_read",
                    kwargs={
                        "domain": [["name", "=like", f"{RULE_NAME}%"]],
                        "fields": fields,
                        "order": "id",
                    },
                    context={**setup.company, "active_test": False},
                )
            )
        except Rejected:
            # There is no such model: without the module nobody has made a rule.
            return []
        return [row for row in found if self._is_ours(str(row["name"]))]

    def _is_ours(self, name: str) -> bool:
        rest = name.removeprefix(self._name)
        if rest == name or rest[:1] not in ("", " "):
            return False
        # Without a PREFIX of our own: a rule of an installation that has one is not ours.
        return not (self._alone and rest.startswith(" ["))

    async def _actions(self, setup: SetUp, rules: list[int]) -> list[Row]:
        return rows(
            await self._rpc.call(
                "ir.actions.server",
                "search_read",
                kwargs={
                    "domain": [["base_automation_id", "in", rules]],
                    "fields": ["base_automation_id", "state", "webhook_url", "webhook_field_ids"],
                },
                context=setup.company,
            )
        )

    async def _is_right(self, setup: SetUp, rule: Row, url: str, fields: Mapping[str, int]) -> bool:
        actions = await self._actions(setup, [int(rule["id"])])
        return (
            bool(rule["active"])
            and (rule["trigger"], rule["filter_domain"]) == (TRIGGER, DOMAIN)
            and {fields[name] for name in WATCHED} <= set(rule["trigger_field_ids"])
            and [(a["state"], a["webhook_url"]) for a in actions] == [("webhook", url)]
            and fields["product_id"] in actions[0]["webhook_field_ids"]
        )

    async def _create(self, setup: SetUp, values: Row) -> int:
        try:
            answer = await self._rpc.call(
                "base.automation",
                "create",
                kwargs={"vals_list": [values]},
                context=setup.company,
                write=True,
            )
        except AuthRefused as error:
            raise RuleRefused("odoo.rule_admin", error.detail) from error
        return int(answer[0])

    async def _unlink(self, setup: SetUp, rules: list[int]) -> None:
        if rules:
            await self._rpc.call("base.automation", "unlink", rules, context=setup.company, write=True)

    async def _ids(
        self, setup: SetUp, model: str, key: str, wanted: Sequence[str], more: Sequence[object] = ()
    ) -> dict[str, int]:
        found = rows(
            await self._rpc.call(
                model,
                "search_read",
                kwargs={"domain": [[key, "in", list(wanted)], *more], "fields": [key]},
                context=setup.company,
            )
        )
        return {str(row[key]): int(row["id"]) for row in found}


def rule_name(prefix: str) -> str:
    """PREFIX tells two installations on one Odoo apart."""
    return f"{RULE_NAME} [{prefix}]" if prefix else RULE_NAME


def webhook_url(base: str, secret: str | None) -> str:
    """Where Odoo posts to: it signs nothing, so the secret is in the address."""
    url = f"{base.rstrip('/')}{OUR_PATH}"
    if not secret:
        return url
    # A slash, encoded or not, would end the path's last part: such a secret goes into the query.
    return f"{url}/{quote(secret, safe='')}" if "/" not in secret else f"{url}?token={quote(secret, safe='')}"


def webhook_rule(url: str, prefix: str = "") -> dict[str, object]:
    """The recommended rule as data; three notices for a delivered line, one for a reservation."""
    return {
        "name": rule_name(prefix),
        "model": MODEL,
        "trigger": TRIGGER,
        "trigger_fields": list(WATCHED),
        "domain": DOMAIN,
        "action": "webhook",
        "fields": list(PAYLOAD),
        "url": url,
    }


def _values(name: str, url: str, model: int, fields: Mapping[str, int]) -> Row:
    """The same names in 17, 18 and 19; up to 16 a rule had one action, and no webhook one."""
    action = {
        "name": name,
        "model_id": model,
        "state": "webhook",
        "usage": "base_automation",
        "webhook_url": url,
        "webhook_field_ids": [[6, 0, [fields[n] for n in PAYLOAD]]],
    }
    return {
        "name": name,
        "model_id": model,
        "trigger": TRIGGER,
        "trigger_field_ids": [[6, 0, [fields[n] for n in WATCHED]]],
        "filter_domain": DOMAIN,
        "action_server_ids": [[0, 0, action]],
    }
