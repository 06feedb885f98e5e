"""Automation rules with a webhook action: which changes call out, with which body (odoo.md 8.1)."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from typing import Any

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import utc_text
from orquestador.sandbox.odoo.models.base import WEBHOOK_ACTION

_ON_CREATE = frozenset({"on_create", "on_create_or_write"})
_ON_WRITE = frozenset({"on_write", "on_create_or_write"})
STOCK_RULE = "Sandbox: stock changed"
_STOCK_FIELDS = ("product_id", "location_id", "quantity", "reserved_quantity", "write_date")


@dataclass(frozen=True, slots=True)
class Event:
    """One call that Odoo makes: where to, and the values of the record at that moment."""

    url: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Rule:
    trigger: str
    triggers: frozenset[str]  # field names; empty means any
    domain: list[Any]
    actions: tuple[tuple[int, str, str, tuple[str, ...]], ...]  # id, name, url, fields of the body


@dataclass(slots=True)
class Watcher:
    """Collects the events of one transaction, in the order of the changes, intermediate values included."""

    events: list[Event] = field(default_factory=list)
    _rules: dict[str, list[_Rule]] | None = None

    def __call__(self, env: Env, model: str, row_id: int, changed: frozenset[str] | None) -> None:
        """Hear of a change (`changed` is None for a new record)."""
        if self._rules is None:
            self._rules = _load_rules(env)
        for rule in self._rules.get(model, ()):
            if changed is None:
                if rule.trigger not in _ON_CREATE:
                    continue
            elif rule.trigger not in _ON_WRITE or (rule.triggers and not rule.triggers & changed):
                continue
            if rule.domain and row_id not in env[model].select([*rule.domain, ("id", "=", row_id)]):
                continue
            for action in rule.actions:
                self.events.append(_event(env, model, row_id, action))


def _load_rules(env: Env) -> dict[str, list[_Rule]]:
    rules: dict[str, list[_Rule]] = {}
    for rule_id in sorted(env.tx.matching("base.automation", "active", [True])):
        row = env.row("base.automation", rule_id)
        actions = []
        for action_id in sorted(env.tx.matching("ir.actions.server", "base_automation_id", [rule_id])):
            action = env.row("ir.actions.server", action_id)
            if action["state"] == "webhook" and action["webhook_url"]:
                names = _field_names(env, action["webhook_field_ids"])
                actions.append((action_id, str(action["name"]), str(action["webhook_url"]), names))
        model = env.row("ir.model", row["model_id"])["model"]
        rules.setdefault(model, []).append(
            _Rule(
                trigger=row["trigger"],
                triggers=frozenset(_field_names(env, row["trigger_field_ids"])),
                domain=ast.literal_eval(row["filter_domain"]) if row["filter_domain"] else [],
                actions=tuple(actions),
            )
        )
    return rules


def _field_names(env: Env, ids: list[int]) -> tuple[str, ...]:
    return tuple(env.row("ir.model.fields", row_id)["name"] for row_id in ids)


def _event(env: Env, model: str, row_id: int, action: tuple[int, str, str, tuple[str, ...]]) -> Event:
    action_id, name, url, names = action
    body: dict[str, Any] = {"_action": f"{name}(#{action_id})", "_id": row_id, "_model": model}
    if names:  # they are read like any record, which names itself
        body["id"] = row_id
    for wanted in names:
        value = env[model].values_of([row_id], wanted)[row_id]
        body[wanted] = utc_text(value, micros=True) if hasattr(value, "isoformat") else value
    return Event(url=url, body=json.dumps(body, sort_keys=True).encode())


def set_stock_webhook(env: Env, url: str | None) -> None:
    """Keep exactly one rule of our own that calls `url` on changes of internal stock; None removes it.

    It is the rule recommended in odoo.md 8.1: quantity and reserved_quantity of quants in internal places.
    """
    rules = env["base.automation"]
    rules.remove(sorted(rules.select([("name", "=", STOCK_RULE)])))
    if url is None:
        return
    fields = env["ir.model.fields"]
    by_name = {
        env.row("ir.model.fields", row_id)["name"]: row_id
        for row_id in fields.select([("model", "=", "stock.quant")])
    }
    model_id = min(env["ir.model"].select([("model", "=", "stock.quant")]))
    rules.new(
        {
            "name": STOCK_RULE,
            "model_id": model_id,
            "trigger": "on_create_or_write",
            "trigger_field_ids": [[6, 0, [by_name["quantity"], by_name["reserved_quantity"]]]],
            "filter_domain": "[('location_id.usage', '=', 'internal')]",
            "action_server_ids": [
                [
                    0,
                    0,
                    {
                        "name": WEBHOOK_ACTION,
                        "state": "webhook",
                        "usage": "base_automation",
                        "webhook_url": url,
                        "webhook_field_ids": [[6, 0, [by_name[name] for name in _STOCK_FIELDS]]],
                    },
                ]
            ],
        }
    )
