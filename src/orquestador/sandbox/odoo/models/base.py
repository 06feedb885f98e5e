"""Users, companies, partners and the `ir.*` models that a client asks about rights, fields and webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from orquestador.sandbox.odoo import rights, server_code
from orquestador.sandbox.odoo.env import Env, as_ids, public
from orquestador.sandbox.odoo.errors import AccessError, ValidationError
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.orm import Model, Values


class ResCompany(Model):
    """The companies of the database; one in the default seed."""

    name = "res.company"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "partner_id": Field("many2one", "res.partner"),
        "currency_id": Field("many2one", "res.currency", default=1),
        "tax_calculation_rounding_method": Field(
            "selection", default="round_per_line", selection=("round_per_line", "round_globally")
        ),
    }

    def new(self, vals: Values) -> int:
        """Whoever makes a company may enter it; over RPC it gets no warehouse by itself (measured)."""
        company = super().new(vals)
        self.env["res.users"].change([self.env.uid], {"company_ids": [[4, company]]})
        return company


class ResPartner(Model):
    """Contacts."""

    name = "res.partner"
    first_id = 7
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "email": Field("char"),
        "email_normalized": Field("char", index=True),
        "vat": Field("char", index=True),
        "ref": Field("char", index=True),
        "phone": Field("char"),
        "street": Field("char"),
        "street2": Field("char"),
        "city": Field("char"),
        "zip": Field("char"),
        "parent_id": Field("many2one", "res.partner"),
        "active": Field("boolean", default=True),
        "company_id": Field("many2one", "res.company"),
    }

    def new(self, vals: Values) -> int:
        """With the e-mail as it is compared."""
        return super().new(self._normal(vals))

    def change(self, ids: list[int], vals: Values) -> None:
        """With the e-mail as it is compared."""
        super().change(ids, self._normal(vals))

    @public(writes=True)
    def load(self, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> Values:
        """Import by external id; who may not create contacts is told so in the answer (probed)."""
        if not self.env.of(ResUsers).in_group("base.group_partner_manager"):
            said = "You are not allowed to create 'Contact' (res.partner) records."
            return {"ids": False, "messages": [{"type": "error", "record": 0, "message": said}], "nextrow": 0}
        return load(self, fields, data)

    def _normal(self, vals: Values) -> Values:
        if "email" not in vals:
            return vals
        return {**vals, "email_normalized": str(vals["email"] or "").strip().lower() or False}


class ResGroups(Model):
    """Access groups; `full_name` is the external id that `has_group` takes."""

    name = "res.groups"
    fields: ClassVar[dict[str, Field]] = {"name": Field("char", required=True), "full_name": Field("char")}


class ResUsers(Model):
    """Users: one administrator, uid 2."""

    name = "res.users"
    first_id = 2
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "login": Field("char", required=True),
        "password": Field("char"),
        "email": Field("char", default="admin@example.com"),
        "active": Field("boolean", default=True),
        "lang": Field("char", default="en_US"),
        "tz": Field("char"),
        "share": Field("boolean"),
        "partner_id": Field("many2one", "res.partner"),
        "company_id": Field("many2one", "res.company", default=1),
        "company_ids": Field("many2many", "res.company", default=(1,)),
        "groups_id": Field("many2many", "res.groups", until=18),
        "group_ids": Field("many2many", "res.groups", since=19),
    }

    @public()
    def context_get(self) -> Values:
        """The user's own context: language, time zone, uid."""
        user = self.env.row(self.name, self.env.uid)
        return {"lang": user["lang"], "tz": user["tz"], "uid": self.env.uid}

    @public()
    def has_group(self, ids: Any = None, group_ext_id: str | None = None) -> bool:
        """Whether a user is in a group: up to 17 `(group)`, we ourselves; later `(ids, group)`, one user."""
        if self.env.version <= 17:
            if group_ext_id is not None and ids is not None:
                raise TypeError("ResUsers.has_group() takes 2 positional arguments but 3 were given")
            users, group = [self.env.uid], group_ext_id or ids
        else:
            users, group = as_ids(ids), group_ext_id
        if len(users) != 1 or group is None:
            raise ValueError(f"Expected singleton: res.users{tuple(users)}")
        user = self.env.row(self.name, users[0])
        groups = user["groups_id" if self.env.version <= 18 else "group_ids"]
        return any(self.env.row("res.groups", one)["full_name"] == group for one in groups)

    def in_group(self, group: str) -> bool:
        """Whether the user of this call is in a group."""
        return self.has_group(None if self.env.version <= 17 else [self.env.uid], group)


class ResUsersApikeys(Model):
    """API keys as their owner sees them: never the key. They end since 18 (odoo.md 2)."""

    name = "res.users.apikeys"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "user_id": Field("many2one", "res.users", required=True),
        "scope": Field("char"),
        "expiration_date": Field("datetime", since=18),
    }


class IrModel(Model):
    """The list of models, needed to register an automation rule."""

    name = "ir.model"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "model": Field("char", required=True, index=True),
    }


class IrModelFields(Model):
    """The list of fields, needed for the trigger and the payload of a webhook rule."""

    name = "ir.model.fields"
    first_id = 1000
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True, index=True),
        "model": Field("char", required=True, index=True),
        "model_id": Field("many2one", "ir.model"),
        "ttype": Field("char"),
        "relation": Field("char"),
        "store": Field("boolean"),
    }


class IrModelData(Model):
    """External ids, as `load` uses them."""

    name = "ir.model.data"
    unique = (("name", "module"),)
    fields: ClassVar[dict[str, Field]] = {
        "module": Field("char", required=True),
        "name": Field("char", required=True, index=True),
        "model": Field("char", required=True),
        "res_id": Field("integer"),
    }


class IrModule(Model):
    """Installed modules."""

    name = "ir.module.module"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True, index=True),
        "state": Field("char", default="installed"),
    }


class IrConfigParameter(Model):
    """System parameters."""

    name = "ir.config_parameter"
    fields: ClassVar[dict[str, Field]] = {
        "key": Field("char", required=True, index=True),
        "value": Field("text"),
    }

    @public()
    def get_param(self, key: str, default: Any = False) -> Any:
        """The value of a parameter."""
        for row_id in self.select([("key", "=", key)]):
            return self.env.row(self.name, row_id)["value"]
        return default


WEBHOOK_ACTION = "Send Webhook Notification"
"""What Odoo itself calls an action that calls a webhook."""


class IrActionsServer(Model):
    """Server actions. Those of type `webhook` are called by rules, `code` ones by `run`."""

    name = "ir.actions.server"
    first_id = 482
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "model_id": Field("many2one", "ir.model", required=True),
        "state": Field(
            "selection",
            default="object_write",
            selection=(
                "object_write",
                "object_create",
                "code",
                "webhook",
                "multi",
                "mail_post",
                "next_activity",
            ),
        ),
        "usage": Field("char", default="ir_actions_server"),
        "code": Field("text"),
        "webhook_url": Field("char"),
        "webhook_field_ids": Field("many2many", "ir.model.fields"),
        "base_automation_id": Field("many2one", "base.automation", index=True),
        "sequence": Field("integer", default=5),
        "binding_model_id": Field("many2one", "ir.model"),
        "binding_view_types": Field("char", default="list,form"),
        "groups_id": Field("many2many", "res.groups", until=18),
        "group_ids": Field("many2many", "res.groups", since=19),
    }

    @public(writes=True)
    def run(self, ids: Any) -> Any:
        """Run them as the caller, who needs the right to write their model, or one of their groups."""
        answer: Any = False
        for action_id in as_ids(ids):
            action = self.env.row(self.name, action_id)
            model = self.env.row("ir.model", action["model_id"])["model"]
            user, name = self.env.row("res.users", self.env.uid), _groups_field(self.env)
            if action[name] and not set(action[name]) & set(user[name]):
                raise AccessError("You don't have enough access rights to run this action.")
            if not action[name]:
                rights.check(self.env, model, ())
            if action["state"] == "code":
                answer = server_code.run_text(self.env, model, action["code"] or "")
        return answer or False

    def change(self, ids: list[int], vals: Values) -> None:
        """A text that Odoo would not run is not saved. Up to 18 a rule's action that is told anew what to do,
        and no name, is named after that."""
        server_code.check_text(vals.get("code") or "")
        super().change(ids, vals)
        if self.env.version <= 18 and "name" not in vals and vals.keys() & {"state", "webhook_url"}:
            self._name_calls(ids)

    def _name_calls(self, ids: list[int]) -> None:
        for row_id in ids:
            row = self.env.row(self.name, row_id)
            if row["base_automation_id"] and row["state"] == "webhook":
                self.env.store(self.name, row_id, {"name": WEBHOOK_ACTION})

    def new(self, vals: Values) -> int:
        """Administrators only. A rule's own action may be made inside it and takes its model."""
        _administrators_only(self.env, self.name)
        server_code.check_text(vals.get("code") or "")
        if "model_id" not in vals and vals.get("base_automation_id"):
            vals["model_id"] = self.env.row("base.automation", int(vals["base_automation_id"]))["model_id"]
        row_id = super().new(vals)
        if self.env.version <= 18:  # whatever name was given: seen on real 17 and 18
            self._name_calls([row_id])
        return row_id


class IrActionsActions(Model):
    """All kinds of actions; what everybody may ask is which are bound to a model."""

    name = "ir.actions.actions"
    fields: ClassVar[dict[str, Field]] = {"name": Field("char")}

    @public()
    def get_bindings(self, model_name: str) -> Values:
        """`{action: [{id, name, binding_view_types, sequence}]}`; no key where there is none."""
        actions = self.env.of(IrActionsServer)
        found = actions.search([("binding_model_id.model", "=", model_name)])
        rows = [self.env.row(actions.name, action_id) for action_id in found]
        names = ("id", "name", "binding_view_types", "sequence")
        return {"action": [{name: row[name] for name in names} for row in rows]} if rows else {}


class BaseAutomation(Model):
    """Automation rules; those with a webhook action call out when their model changes (odoo.md 8.1)."""

    name = "base.automation"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "active": Field("boolean", default=True, index=True),
        "model_id": Field("many2one", "ir.model", required=True),
        "model_name": Field("char", compute="_model_names"),
        "trigger": Field("char", default="on_create_or_write"),
        "trigger_field_ids": Field("many2many", "ir.model.fields"),
        "filter_domain": Field("char"),
        "filter_pre_domain": Field("char"),
        "action_server_ids": Field("one2many", "ir.actions.server", inverse="base_automation_id"),
    }

    def new(self, vals: Values) -> int:
        """Administrators only."""
        _administrators_only(self.env, self.name)
        return super().new(vals)

    def remove(self, ids: list[int]) -> None:
        """A rule takes its actions with it."""
        _administrators_only(self.env, self.name)
        actions = self.env["ir.actions.server"]
        actions.remove(sorted(actions.select([("base_automation_id", "in", ids)])))
        super().remove(ids)

    def _model_names(self, ids: list[int], name: str) -> dict[int, Any]:
        return {
            row_id: self.env.row("ir.model", self.env.row(self.name, row_id)["model_id"])["model"]
            for row_id in ids
        }


def _groups_field(env: Env) -> str:
    return "groups_id" if env.version <= 18 else "group_ids"


def _administrators_only(env: Env, model: str) -> None:
    users = None if env.version <= 17 else [env.uid]
    if not env.of(ResUsers).has_group(users, "base.group_system"):
        raise AccessError(f"You are not allowed to change '{model}' records.")


def load(model: Model, fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> Values:
    """Import rows; the same external id updates the same record (odoo.md 6); `x/.id` is a database id."""
    data = model.env.of(IrModelData)
    ids: list[int] = []
    for row in rows:
        cells = dict(zip(fields, row, strict=True))
        module, _, external = str(cells.pop("id")).rpartition(".")
        if not external:
            raise ValidationError("An external id needs a name.")
        vals = {name.removesuffix("/.id"): value for name, value in cells.items()}
        known = data.select([("name", "=", external), ("module", "=", module)])
        if known:
            record = int(model.env.row(data.name, known.pop())["res_id"])
            model.change([record], vals)
        else:
            record = model.new(vals)
            data.new({"module": module, "name": external, "model": model.name, "res_id": record})
        ids.append(record)
    return {"ids": ids, "messages": [], "nextrow": 0}
