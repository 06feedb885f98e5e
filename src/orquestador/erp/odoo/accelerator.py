"""The optional one call for a batch: a server action in Odoo that does what a `Run` does (odoo.md §5.7).

It is our own text, put there on request. Nothing depends on it: what it may not do, cannot do or did not
answer goes the ordinary way, and the keys make it exactly once whichever way was tried first (docs/adr/0021).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from orquestador.erp.odoo.family import Move, move_fields
from orquestador.erp.odoo.faults import error_of
from orquestador.erp.odoo.rights import ADMINISTRATOR, has_group
from orquestador.erp.odoo.rpc import Row, Transport, mapping, rows
from orquestador.erp.odoo.rules import RuleRefused
from orquestador.erp.odoo.run import Run
from orquestador.erp.odoo.setup import SetUp
from orquestador.http_base import Profile
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable
from orquestador.model.orders import OrderMode
from orquestador.ports import Movement, Registration, RegistrationChange

ACTION_NAME = "Orquestador accelerator"
"""With PREFIX behind it, when there is one. The action itself shows only texts under such a name."""
MODEL, ACTIONS = "stock.picking", "ir.actions.server"
FIRST_VERSION = 17
"""Before, a move had no `quantity`; nothing was tried there."""
NO_VIEW = "none"
"""Bound to transfers, so that a user who may not read server actions finds it; to no view of them, so that it
is in nobody's menu."""
PROTOCOL = 1
ACTION = "action"
"""What the id of its registration begins with, and its kind."""


@cache
def action_code() -> str:
    """The text of the server action."""
    return resources.files(__package__).joinpath("server_action.txt").read_text(encoding="utf-8")


def code_hash(code: str) -> str:
    """SHA-256 in hex; ends of lines, and blanks there, do not count: forms change them."""
    text = "\n".join(line.rstrip() for line in code.strip().splitlines())
    return hashlib.sha256(text.encode()).hexdigest()


def action_values(prefix: str = "") -> Row:
    """The action as data, models by name."""
    return {
        "name": _name(prefix),
        "model": MODEL,
        "state": "code",
        "binding_model": MODEL,
        "binding_view_types": NO_VIEW,
        "code": action_code(),
    }


class Found(StrEnum):
    """What there is in Odoo under our name."""

    READY = "ready"
    MISSING = "missing"
    OTHER = "other"
    """Its text is not ours: an older one of ours, or changed by somebody."""
    UNSEEN = "unseen"
    """It could not be asked."""
    OFF = "off"
    """Not allowed by setting, or not looked for in so old a version."""


@dataclass(frozen=True, slots=True)
class Look:
    found: Found
    action_id: int = 0
    detail: str = ""


class Accelerator:
    """The server action of one installation: found, proven unchanged, used, made and removed."""

    def __init__(self, rpc: Transport, prefix: str = "", *, allowed: bool = True) -> None:
        self._rpc, self._name, self._allowed = rpc, _name(prefix), allowed
        self._known: Look | None = None

    # --- used

    async def apply(self, run: Run, movements: Sequence[Movement], mode: OrderMode) -> bool:
        """Have the whole batch done in one call; what came of it is in `run`.

        False: nothing of it happened, so it is for the ordinary way. Raises Unavailable when Odoo was not
        reached.
        """
        try:
            look = await self.look(run.setup.dialect.major) if movements else Look(Found.OFF)
        except Unavailable:
            return False  # the ordinary way finds out what that means
        if look.found is not Found.READY:
            return False
        try:
            answer = await self._run(
                run.setup.company, look.action_id, _payload(run, movements, mode), write=True
            )
        except Ambiguous as error:
            run.touched = True
            run.doubts |= {m.key: error.detail for m in movements}
            return True
        except Rejected:
            # All of it was taken back; the ordinary way finds out whose fault it is. It may also be gone.
            self._known = None
            return False
        except AuthRefused as error:
            self._known = Look(Found.UNSEEN, look.action_id, error.detail)
            return False
        run.touched = True
        try:
            moves = _take(run, movements, mapping(answer))
        except (KeyError, TypeError, ValueError):
            self._known = None
            run.doubts |= {m.key: "odoo: the accelerator's answer cannot be read" for m in movements}
            return True
        await run.take_in(moves)
        return True

    async def prepare(self, major: int) -> None:
        """Look anew: the set-up of the database is being read. Nothing waits for what cannot be asked now."""
        self._known = None
        with suppress(Unavailable):
            await self.look(major)

    async def look(self, major: int) -> Look:
        """What there is, remembered. Raises Unavailable."""
        if self._known is None:
            self._known = await self._look(major)
        return self._known

    async def _look(self, major: int) -> Look:
        if not self._allowed or major < FIRST_VERSION:
            return Look(Found.OFF)
        try:
            found = await self._bound()
        except (Rejected, AuthRefused) as error:
            return Look(Found.UNSEEN, detail=error.detail)
        number = 0
        try:
            for number in sorted(found):
                # Only it can read its own text: an inventory user may not.
                answer = mapping(await self._run({}, number, {"show": number}, write=False))
                shown = answer.get("code") if answer.get("orquestador") == PROTOCOL else None
                if isinstance(shown, str) and code_hash(shown) == code_hash(action_code()):
                    return Look(Found.READY, number)
        except Rejected as error:
            return Look(Found.OTHER, number, error.detail)
        except (AuthRefused, Unavailable) as error:
            # Without an answer in time too: nothing waits for an accelerator.
            return Look(Found.UNSEEN, number, error.detail)
        except ValueError:
            pass  # no answer of ours at all
        return Look(Found.OTHER if found else Found.MISSING, number)

    async def _bound(self) -> list[int]:
        """The actions with our name. Whoever may use the model may ask for what is bound to it; the actions
        themselves are an administrator's."""
        bound = await self._rpc.call("ir.actions.actions", "get_bindings", kwargs={"model_name": MODEL})
        found = bound.get("action") or () if isinstance(bound, dict) else ()
        return [int(row["id"]) for row in found if row.get("name") == self._name]

    async def _run(self, company: Mapping[str, object], action: int, payload: Row, *, write: bool) -> object:
        context = {**company, "orquestador": payload}
        answer: object = await self._rpc.call(ACTIONS, "run", [action], context=context, write=write)
        return answer

    # --- made and removed, by an administrator

    async def ours(self, setup: SetUp) -> list[Registration]:
        """The action with our name, for `uninstall`."""
        if setup.dialect.major < FIRST_VERSION:
            return []
        return [self._registration(number) for number in await self._bound()]

    async def install(self, setup: SetUp) -> RegistrationChange:
        """The one action of ours: made, written anew when it is not as it should be, or left alone.

        Raises RuleRefused with what a person can do about it.
        """
        await self._must_administer(setup)
        models = rows(
            await self._rpc.call(
                "ir.model",
                "search_read",
                kwargs={"domain": [["model", "=", MODEL]], "fields": ["model"]},
                context=setup.company,
            )
        )
        model = int(models[0]["id"])
        values: Row = {
            "name": self._name,
            "model_id": model,
            "state": "code",
            "binding_model_id": model,
            "binding_view_types": NO_VIEW,
            "code": action_code(),
        }
        self._known = None
        known = await self._named(setup)
        if not known:
            made = await self._rpc.call(
                ACTIONS, "create", kwargs={"vals_list": [values]}, context=setup.company, write=True
            )
            return RegistrationChange(self._registration(int(made[0])), "created")
        first, more = known[0], [int(row["id"]) for row in known[1:]]
        number = int(first["id"])
        right = code_hash(str(first["code"] or "")) == code_hash(action_code()) and all(
            (first[name][0] if isinstance(first[name], list) else first[name]) == value
            for name, value in values.items()
            if name != "code"
        )
        if not right:
            await self._rpc.call(
                ACTIONS, "write", [number], {"vals": values}, context=setup.company, write=True
            )
        await self._unlink(setup, more)
        return RegistrationChange(
            self._registration(number), "unchanged" if right and not more else "updated"
        )

    async def uninstall(self, setup: SetUp) -> list[Registration]:
        """Remove every action with our name; gives what was removed. Raises RuleRefused."""
        await self._must_administer(setup)
        found = [int(row["id"]) for row in await self._named(setup)]
        await self._unlink(setup, found)
        return [self._registration(number) for number in found]

    async def remove(self, setup: SetUp, action: int) -> None:
        """One of `ours`."""
        await self._unlink(setup, [action])

    async def _must_administer(self, setup: SetUp) -> None:
        if setup.dialect.major < FIRST_VERSION:
            raise RuleRefused("odoo.action_version", f"version {setup.version} was not tried")
        if not await has_group(self._rpc, setup, ADMINISTRATOR):
            raise RuleRefused("odoo.action_admin", "the user is no administrator")

    async def _named(self, setup: SetUp) -> list[Row]:
        fields = ["name", "model_id", "state", "binding_model_id", "binding_view_types", "code"]
        return rows(
            await self._rpc.call(
                ACTIONS,
                "search_read",
                kwargs={"domain": [["name", "=", self._name]], "fields": fields, "order": "id"},
                context=setup.company,
            )
        )

    async def _unlink(self, setup: SetUp, actions: list[int]) -> None:
        self._known = None
        if actions:
            await self._rpc.call(ACTIONS, "unlink", actions, context=setup.company, write=True)

    def _registration(self, action: int) -> Registration:
        return Registration(f"{ACTION}-{action}", "", (self._name,), kind=ACTION)


def _name(prefix: str) -> str:
    return f"{ACTION_NAME} [{prefix}]" if prefix else ACTION_NAME


def _payload(run: Run, movements: Sequence[Movement], mode: OrderMode) -> Row:
    return {
        "mode": mode.value,
        "company_id": run.setup.warehouse.company_id,
        "create": [run.values(m) for m in movements],
        "fields": move_fields(run.setup.dialect, kits=run.setup.knows_kits),
    }


def _take(run: Run, movements: Sequence[Movement], answer: Row) -> list[Move]:
    """What the action did, as if the run had done it; gives the moves.

    KeyError, TypeError, ValueError for another shape.
    """
    if answer["orquestador"] != PROTOCOL:
        raise ValueError("another protocol")
    keys = {m.key for m in movements}
    ids = {str(key): int(number) for key, number in answer["made"] if key in keys}
    parents = {int(child): int(parent) for child, parent in answer["parents"]}
    moves = [Move.of(row, run.setup.dialect) for row in rows(answer["moves"])]
    problems = {str(key): _reason(str(kind), str(text)) for key, kind, text in answer["refused"]}
    forced = [(str(key), int(product)) for key, product in answer["forced"]]
    taken = set(answer["taken"])
    run.ids, run.parents, run.problems = ids, parents, problems
    run.exists = [m for m in movements if m.key in taken]
    for key, product in forced:
        run.forced.setdefault(key, set()).add(product)
    return moves


def _reason(kind: str, text: str) -> str:
    return error_of({"name": f"odoo.exceptions.{kind}", "message": text}, Profile.WRITE).detail
