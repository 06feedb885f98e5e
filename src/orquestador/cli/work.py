"""`orquestador work ...`: what waits or needs a person, and that person's decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Channel, Kind, Limit, Sku, States
from orquestador.cli.screen import show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, local_time, print_json, seconds_since
from orquestador.cli.words import help_text
from orquestador.i18n import age, reason
from orquestador.model.work import State

if TYPE_CHECKING:
    from orquestador.cli.house import House

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help=help_text("work.id"), metavar="ID")]
Ids = Annotated[list[str] | None, typer.Argument(help=help_text("work.ids"), metavar="[ID]...")]
Note = Annotated[str | None, typer.Option("--note", help=help_text("note"))]


@app.command("list", help=help_text("work.list"))
def list_work(
    ctx: typer.Context,
    state: States = None,
    kind: Kind = None,
    channel: Channel = None,
    sku: Sku = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)
    shown_states = state or [State.DUE, State.WAITING, State.DEAD]

    async def read(house: House) -> Row:
        return await find(house, "/work", limit, states=shown_states, kind=kind, channel=channel, sku=sku)

    show_page(session, ask(session, read), as_json=as_json)


@app.command("show", help=help_text("work.show"))
def show_work(ctx: typer.Context, work_id: Id, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask, segment

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await house.get(f"/work/{segment(work_id)}")

    row = ask(session, read)
    if as_json:
        print_json(row)
    else:
        show_row(session, row)


@app.command("retry", help=help_text("work.retry"))
def retry_work(
    ctx: typer.Context,
    ids: Ids = None,
    state: States = None,
    kind: Kind = None,
    channel: Channel = None,
    sku: Sku = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> list[Row]:
        chosen = ids or await _chosen(
            house, session, limit, states=state, kind=kind, channel=channel, sku=sku
        )
        return await _each(house, chosen, "retry", None)

    _tell(session, ask(session, act), "work.retried", as_json=as_json)


@app.command("discard", help=help_text("work.discard"))
def discard_work(
    ctx: typer.Context,
    ids: Ids = None,
    note: Note = None,
    state: States = None,
    kind: Kind = None,
    channel: Channel = None,
    sku: Sku = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> list[Row]:
        chosen = ids or await _chosen(
            house, session, limit, states=state, kind=kind, channel=channel, sku=sku
        )
        return await _each(house, chosen, "discard", {"note": note} if note else {})

    _tell(session, ask(session, act), "work.discarded", as_json=as_json)


# --- asking ---


async def find(
    house: House, path: str, limit: int, *, states: Sequence[str] | None, **filters: str | None
) -> Row:
    """A page of rows; `next_cursor` says whether there are more."""
    state = ",".join(states) if states else None
    return await house.get(path, limit=limit, state=state, **filters)


async def _chosen(
    house: House, session: Session, limit: int, *, states: Sequence[str] | None, **filters: str | None
) -> list[str]:
    """The rows that a filter names; without any filter nothing is meant."""
    if not states:
        raise CommandFailed(session.say("work.which"), session.say("work.which.do"), WRONG_USAGE)
    page = await find(house, "/work", limit, states=states, **filters)
    return [row["id"] for row in page["items"]]


async def _each(house: House, ids: Sequence[str], verb: str, body: Row | None) -> list[Row]:
    """Do it to each; one that cannot be done is told and does not hold back the others."""
    from orquestador.cli.house import segment

    done: list[Row] = []
    for work_id in ids:
        try:
            row = await house.post(f"/work/{segment(work_id)}/{verb}", body)
            done.append({"id": row["id"], "done": True, "state": row["state"], "problem": None})
        except CommandFailed as error:
            done.append({"id": work_id, "done": False, "state": None, "problem": error.detail})
    return done


# --- showing ---


def _tell(session: Session, results: Sequence[Row], code: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"items": results})
    elif not results:
        typer.echo(session.say("work.none"))
    else:
        for result in results:
            said = (
                session.say(code, id=result["id"])
                if result["done"]
                else f"{result['id']}: {result['problem']}"
            )
            styled(said, "green" if result["done"] else "red")
    if not all(result["done"] for result in results):
        raise typer.Exit(PROBLEM)


def why(row: Row) -> str | None:
    """The code of why a row is not settled, or why its listing is not newer."""
    listing = row.get("listing") or {}
    return row["reason"] or listing.get("why")


def show_page(session: Session, page: Row, *, as_json: bool) -> None:
    """One page of rows, whatever their kind."""
    if as_json:
        print_json(page)
        return
    if not page["items"]:
        typer.echo(session.say("work.none"))
        return
    show_table(
        [session.say(f"work.col.{name}") for name in ("id", "state", "why", "attempts", "changed")],
        [
            (
                row["id"],
                session.say(f"state.{row['state']}"),
                reason(session.lang, why(row), row["kind"]).title,
                row["attempts"] or "",
                age(session.lang, seconds_since(row["updated_at"]) or 0.0),
            )
            for row in page["items"]
        ],
        right=(3, 4),
    )
    if page["next_cursor"]:
        typer.echo(session.say("work.more", n=len(page["items"])))
    if any(row["state"] == "dead" for row in page["items"]):
        typer.echo(session.say("work.dead.do"))


def show_row(session: Session, row: Row) -> None:
    """One row with what a person needs to decide about it."""
    say, zone = session.say, session.settings.app_timezone
    words = reason(session.lang, why(row), row["kind"])
    state = say(f"state.{row['state']}")
    styled(f"{row['id']}: {state}", "bold red" if row["state"] == "dead" else "bold")
    if words.title:
        typer.echo(say("work.because", why=words.title))
    typer.echo(
        say(
            "work.times",
            created=local_time(row["created_at"], zone),
            changed=local_time(row["updated_at"], zone),
            due=local_time(row["due_at"], zone),
            attempts=row["attempts"],
        )
    )
    if order := row.get("order"):
        show_order(session, order)
    if listing := row.get("listing"):
        _show_listing(session, listing)
    if movement := row.get("movement"):
        typer.echo(
            say("work.movement", **{k: movement[k] for k in ("direction", "quantity", "sku", "reason")})
        )
    if row["state"] == "dead" and words.do:
        styled(say("status.next", step=words.do), "bold")
    if row["state"] == "dead":
        typer.echo(say("work.decide", id=row["id"]))


def show_order(session: Session, order: Row) -> None:
    """Lines with what each has really taken, and what was done in the ERP."""
    say = session.say
    show_table(
        [
            say(f"order.col.{name}")
            for name in ("sku", "quantity", "out", "taken", "state", "owner", "problem")
        ],
        [
            (
                line["sku"],
                line["quantity"],
                line["should_be_out"],
                say("order.held", **_ledger(line)) if line["held"] else line["taken"],
                line["raw_state"],
                say(f"owner.{line['owner']}"),
                reason(session.lang, line["problem"]).title,
            )
            for line in order["lines"]
        ],
        right=(1, 2, 3),
    )
    if order["effects"]:
        show_table(
            [
                say(f"order.col.{name}")
                for name in ("key", "direction", "units", "effect", "document", "note")
            ],
            [
                (
                    effect["key"],
                    say(f"direction.{effect['direction']}"),
                    ", ".join(f"{item['units']} × {item['sku']}" for item in effect["items"]),
                    say(f"effect.{effect['state']}"),
                    effect["erp_id"] or "",
                    reason(session.lang, effect["note"]).title,
                )
                for effect in order["effects"]
            ],
        )


def _ledger(line: Row) -> Row:
    return {name: line[name] for name in ("taken", "held")}


def _show_listing(session: Session, listing: Row) -> None:
    zone = session.settings.app_timezone
    rows: list[tuple[object, ...]] = []
    for name in ("wanted", "sent"):
        if listing[name] is not None:
            at = local_time(listing[f"{name}_at"], zone)
            rows.append((session.say(f"listing.{name}"), listing[name], at))
    for name in ("confirmed", "live"):
        if listing[name] is not None:
            at = local_time(listing[name]["at"], zone)
            rows.append((session.say(f"listing.{name}"), listing[name]["quantity"], at))
    if rows:
        show_table(
            [session.say(f"listing.col.{name}") for name in ("number", "value", "when")], rows, right=(1,)
        )
    if rule := listing.get("rule"):
        level = session.say(f"level.{rule['level']}")
        if rule.get("speed") is not None:
            facts = {"speed": f"{rule['speed']:.1f}", "window": f"{rule['window_s']:.0f}"}
            typer.echo(session.say("listing.auto_buffer", value=int(rule["value"]), level=level, **facts))
        else:
            typer.echo(session.say("listing.rule", field=rule["field"], value=rule["value"], level=level))
