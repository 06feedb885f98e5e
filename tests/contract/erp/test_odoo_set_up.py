"""What people set up inside Odoo: the rule that calls us, how deliveries reserve, keys that end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from orquestador.clock import SystemClock
from orquestador.erp.odoo import OdooErp
from orquestador.erp.odoo.rules import OUR_PATH, PAYLOAD, RuleRefused, rule_name
from orquestador.http_base import CallRecord
from orquestador.model.errors import AuthRefused
from orquestador.ports import MovementState
from tests.contract.erp.odoo_world import OdooError, OdooWorld, adapter_of
from tests.contract.erp.world import RUN, UNITS, A, B, own, sale
from tests.unit.sandbox_odoo.receiver import receiving

NOBODY = "http://127.0.0.1:9"
"""Where no one listens: Odoo does not mind."""


@pytest.fixture
async def erp(world: OdooWorld) -> AsyncIterator[OdooErp]:
    """Its rules carry the prefix of this run and are gone afterwards: others may be there."""
    adapter = adapter_of(world, prefix=RUN, **world.administrator())
    yield adapter
    await adapter.close()
    await world.drop_rules()


async def live_rules(erp: OdooErp) -> int:
    """How many of them call an orquestador, whoever made them."""
    found = {f.code: f for f in await erp.check()}["odoo.webhook_rule"]
    assert found.level == ("ok" if found.facts["rules"] else "warning")
    return int(str(found.facts["rules"]))


class TestWebhookRule:
    """Odoo's native automation rule (odoo.md §8.1)."""

    async def test_our_webhook_rules_are_listed_and_removed(self, erp: OdooErp, world: OdooWorld) -> None:
        before = await live_rules(erp)
        rule = await world.rule(own("by hand"), f"{NOBODY}/odoo/webhook/stock-change/s3cr3t-value")
        assert await live_rules(erp) == before + 1
        assert await erp.registrations() == []  # not by our name: not ours to remove
        await world.rpc("base.automation", "write", [rule], {"name": rule_name(RUN)})
        ours = await erp.registrations()
        assert [(r.id, r.events) for r in ours] == [(str(rule), (rule_name(RUN),))]
        assert "s3cr3t" not in ours[0].url
        await erp.unregister(ours[0].id)
        assert await erp.registrations() == []
        assert await live_rules(erp) == before

    async def test_the_recommended_rule_is_made_once_and_calls_us(
        self, erp: OdooErp, world: OdooWorld, records: list[CallRecord]
    ) -> None:
        before = await live_rules(erp)
        with receiving() as receiver:
            url = f"{receiver.url.rstrip('/')}{OUR_PATH}/s3cr3t-value"
            made = await erp.register(url)
            again = await erp.register(url)
            assert (made.change, again.change) == ("created", "unchanged")
            assert made.entry == again.entry
            assert await erp.registrations() == [made.entry]
            assert await live_rules(erp) == before + 1
            product = await world.product(A)
            await world.move(A, -3)
            told = [body for body in receiver.bodies if body["product_id"] == product]
            assert set(told[-1]) >= set(PAYLOAD)
            # The count itself, then what its move goes through: three would be all a delivery says.
            assert [body["quantity"] for body in told] == [UNITS, UNITS, UNITS, UNITS - 3]
            assert [body["reserved_quantity"] for body in told] == [0, 3, 0, 0]
        assert "s3cr3t" not in str(made.entry)
        assert "s3cr3t" not in str(records)
        await erp.unregister(made.entry.id)
        assert await erp.registrations() == []
        assert await world.rules(RUN) == []
        assert await world.rpc("ir.actions.server", "search", [["webhook_url", "=", url]]) == []

    async def test_a_notice_names_its_action_as_each_version_does(
        self, erp: OdooErp, world: OdooWorld
    ) -> None:
        with receiving() as receiver:
            made = await erp.register(f"{receiver.url.rstrip('/')}{OUR_PATH}/x")
            await world.move(A, -1)
            told = receiver.bodies[-1]
            rule = int(made.entry.id)
            mine = [["base_automation_id", "=", rule]]
            action = (await world.rpc("ir.actions.server", "search_read", mine, ["name"]))[0]
            # Up to 18 Odoo names the action itself, whatever it is told.
            name = rule_name(RUN) if world.version >= 19 else "Send Webhook Notification"
            assert action["name"] == name
            assert told["_action"] == f"{name}(#{action['id']})"
            assert set(told) == {"_action", "_id", "_model", "id", *PAYLOAD}
            # A person renames it, and later gives it another URL: up to 18 that names it anew.
            await world.rpc("ir.actions.server", "write", [action["id"]], {"name": own("mine")})
            await world.move(A, -1)
            assert receiver.bodies[-1]["_action"] == f"{own('mine')}(#{action['id']})"
            await world.rpc(
                "ir.actions.server",
                "write",
                [action["id"]],
                {"webhook_url": receiver.url, "webhook_field_ids": [[5, 0, 0]]},
            )
            await world.move(A, -1)
            last = receiver.bodies[-1]
            assert last["_action"] == f"{own('mine') if world.version >= 19 else name}(#{action['id']})"
            assert set(last) == {"_action", "_id", "_model"}  # no field was chosen: the numbers alone
        await erp.unregister(made.entry.id)

    async def test_an_action_without_a_name_is_refused(self, world: OdooWorld) -> None:
        model = (await world.rpc("ir.model", "search", [["model", "=", "stock.quant"]]))[0]
        action = {"model_id": model, "state": "webhook", "webhook_url": NOBODY, "usage": "base_automation"}
        values = {"name": own("nameless"), "model_id": model, "trigger": "on_create_or_write"}
        with pytest.raises(OdooError, match="ValidationError"):
            await world.rpc("base.automation", "create", {**values, "action_server_ids": [[0, 0, action]]})

    @pytest.mark.parametrize("spoiled", ["active", "url", "trigger", "twice"])
    async def test_a_rule_that_is_not_as_it_should_be_is_made_anew(
        self, erp: OdooErp, world: OdooWorld, spoiled: str
    ) -> None:
        made = (await erp.register(f"{NOBODY}/x/s3cr3t")).entry
        rule, wanted = int(made.id), f"{NOBODY}/x/s3cr3t"
        match spoiled:
            case "active":
                await world.rpc("base.automation", "write", [rule], {"active": False})
            case "url":
                wanted = f"{NOBODY}/x/another"
            case "trigger":
                await world.rpc("base.automation", "write", [rule], {"trigger": "on_create"})
            case "twice":
                await world.rule(rule_name(RUN), f"{NOBODY}/x/twice")
        assert (await erp.register(wanted)).change == "updated"
        assert len(await erp.registrations()) == 1
        assert (await erp.register(wanted)).change == "unchanged"

    async def test_another_installations_rule_is_not_ours(self, erp: OdooErp, world: OdooWorld) -> None:
        second = adapter_of(world, prefix=own("shop2-"), **world.administrator())
        ours, theirs = await erp.register(f"{NOBODY}/a"), await second.register(f"{NOBODY}/b")
        assert (ours.change, theirs.change) == ("created", "created")
        assert [await erp.registrations(), await second.registrations()] == [[ours.entry], [theirs.entry]]
        await second.close()

    async def test_a_rule_needs_an_administrator(self, world: OdooWorld) -> None:
        erp = adapter_of(world, **await world.user_in("stock.group_stock_user"))
        with pytest.raises(RuleRefused) as refused:
            await erp.register(f"{NOBODY}/x")
        assert refused.value.code == "odoo.rule_admin"
        with pytest.raises(AuthRefused):  # such a user may not even look
            await erp.registrations()
        await erp.close()

    @pytest.mark.simulated("a database without the module")
    async def test_a_rule_needs_the_automation_module(self, erp: OdooErp, world: OdooWorld) -> None:
        model = await world.rpc("ir.model", "search", [["model", "=", "base.automation"]])
        await world.rpc("ir.model", "unlink", model)
        with pytest.raises(RuleRefused) as refused:
            await erp.register("http://127.0.0.1:9/x")
        assert refused.value.code == "odoo.rule_module"


class TestOtherSetUp:
    """What `doctor` warns of."""

    async def test_reserving_later_than_on_confirmation_is_a_warning(
        self, erp: OdooErp, world: OdooWorld
    ) -> None:
        assert {f.code: f.level for f in await erp.check()}["odoo.reservation"] == "ok"
        await world.reserving("manual")
        try:
            found = {f.code: f for f in await erp.check()}["odoo.reservation"]
        finally:
            await world.reserving("at_confirm")
        assert (found.level, found.stops, found.facts["method"]) == ("warning", None, "manual")

    async def test_a_user_without_an_address_is_refused_a_backorder(self, world: OdooWorld) -> None:
        # Odoo writes into the document's history that there is one, in the user's name and, up to 18, from
        # its address.
        await world.move(A, -997)
        erp = adapter_of(world, **await world.user_in("stock.group_stock_user", email=""))
        found = [(f.level, f.stops) for f in await erp.check() if f.code == "odoo.user_email"]
        assert found == ([("warning", None)] if world.version <= 18 else [])
        short, plain = await sale(erp, (A, 5)), await sale(erp, (B, 1))
        outcomes = await erp.apply([short, plain])
        expected = MovementState.REFUSED if world.version <= 18 else MovementState.DONE
        assert [outcomes[m.key].state for m in (short, plain)] == [expected, MovementState.DONE]
        await erp.close()

    async def test_a_user_with_an_address_needs_none(self, world: OdooWorld) -> None:
        erp = adapter_of(world, **await world.user_in("stock.group_stock_user"))
        found = [f.level for f in await erp.check() if f.code == "odoo.user_email"]
        assert found == (["ok"] if world.version <= 18 else [])
        await erp.close()

    @pytest.mark.simulated("API keys of the user who runs the tests")
    @pytest.mark.parametrize(
        ("ends_in_days", "expected"),
        [
            ([], None),
            ([None], None),
            ([20], ("odoo.key_expires", "ok", 20)),
            ([None, 20], ("odoo.key_expires", "ok", 20)),
            ([40, 13], ("odoo.key_expires", "warning", 13)),
            ([-1, 20], ("odoo.key_expires", "ok", 20)),
            ([-3, -2], ("odoo.key_expired", "error", -2)),
        ],
    )
    async def test_a_key_that_ends_is_told_in_time(
        self,
        world: OdooWorld,
        ends_in_days: list[int | None],
        expected: tuple[str, str, int] | None,
    ) -> None:
        if world.version < 18:
            expected = None  # keys of 17 never end
        clock = SystemClock()
        for number, days in enumerate(ends_in_days):
            values: dict[str, object] = {"name": f"key {number}", "user_id": await world.user()}
            if world.version >= 18 and days is not None:
                end = datetime.fromtimestamp(clock.now() + days * 86_400 + 3600, UTC)
                values["expiration_date"] = end.strftime("%Y-%m-%d %H:%M:%S")
            await world.rpc("res.users.apikeys", "create", values)
        for is_key in (True, False):
            adapter = adapter_of(world, clock, is_key=is_key)
            found = [f for f in await adapter.check() if f.code.startswith("odoo.key")]
            await adapter.close()
            wanted = [expected] if expected and is_key else []
            assert [(f.code, f.level, f.facts["days"]) for f in found] == wanted
            assert [f.stops for f in found] == [None] * len(wanted)
