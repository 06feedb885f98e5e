"""A body-backed order turns out to be an API order: its ledger moves there (docs/adr/0008)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orquestador.model.orders import Effect, EffectItem, Line, Order

Shares = dict[str, list[tuple[str, int]]]
"""Per old line id, the lines that its units went to, and how many each."""


def adopt(order: Order, body: Order) -> Order:
    """The API order with the ledger of the body-backed one that it turned out to be.

    Units taken under a SKU fill the API lines of that SKU; what does not fit stays on a line of its own
    whose quantity is 0, so the next effect gives it back. Documents that promise some of them are the API
    order's from now on. The body order must have no open effect.
    """
    assert body.open_effect is None
    if body.order_id in order.adopted:
        return order
    lines = list(order.lines)
    shares: Shares = {}
    for old in body.lines:
        left, got = old.taken, shares.setdefault(old.line_id, [])
        for i, line in enumerate(lines):
            if left <= 0:
                break
            same = line.seller_sku == old.seller_sku and (line.taken == 0 or line.sku == old.sku)
            if same and line.taken < line.quantity:
                moved = min(left, line.quantity - line.taken)
                lines[i] = replace(
                    line,
                    sku=old.sku,
                    ref=old.ref,
                    taken=line.taken + moved,
                    product_id=old.product_id,
                    recipe=old.recipe,
                    mode=old.mode,
                    place=old.place,
                )
                got.append((line.line_id, moved))
                left -= moved
        if left > 0:
            own = f"body:{body.order_id}:{old.line_id}"
            lines.append(replace(old, line_id=own, quantity=0, taken=left, held=0, waiting=0))
            got.append((own, left))
    adopted = replace(
        order,
        lines=tuple(lines),
        effects=_with_promises(order, body, shares),
        adopted=(*order.adopted, body.order_id),
        history=order.history or body.history,
        first_seen_at=min(order.first_seen_at, body.first_seen_at),
    )
    promises = [item for effect in adopted.reserved for item in effect.items]
    return replace(adopted, lines=tuple(_held(line, promises) for line in lines))


def _held(line: Line, promises: Sequence[EffectItem]) -> Line:
    own = [item for item in promises if item.line_id == line.line_id]
    return replace(line, held=sum(i.held for i in own), waiting=sum(i.waiting for i in own))


def _with_promises(order: Order, body: Order, shares: Shares) -> tuple[Effect, ...]:
    """The effects of the API order, with the body's reserving ones about the new lines."""
    promised = {e.key: e for e in body.reserved}
    for old in body.lines:
        found = sum(i.found for e in body.reserved for i in e.items if i.line_id == old.line_id)
        # What was delivered at once fills the lines first, then one promise after the other.
        _take(shares[old.line_id], old.taken - found)
    effects = list(order.effects)
    for key, effect in promised.items():
        items = tuple(part for item in effect.items for part in _parts(item, shares))
        known = next((i for i, e in enumerate(effects) if e.key == key), None)
        if known is None:
            effects.append(replace(effect, n=len(effects) + 1, items=items))
        else:  # the same row: its body became an API order
            effects[known] = replace(effect, items=items)
    return tuple(effects)


def _parts(item: EffectItem, shares: Shares) -> list[EffectItem]:
    """One item for each new line that got units of this one."""
    parts: list[EffectItem] = []
    done, waiting = item.done, item.waiting
    for line_id, units in _take(shares[item.line_id], item.found):
        sent = min(done, units)
        short = min(waiting, units - sent)
        done, waiting = done - sent, waiting - short
        parts.append(
            replace(
                item,
                line_id=line_id,
                units=units,
                moves=_scaled(item, units),
                target=units,
                done=sent,
                held=units - sent,
                waiting=short,
            )
        )
    given_up = item.units - item.found
    if parts and given_up > 0:
        # The document was asked for more: what is found in it is judged by the whole of that.
        last = parts[-1]
        units = last.units + given_up
        parts[-1] = replace(last, units=units, moves=_scaled(item, units))
    return parts


def _scaled(item: EffectItem, units: int) -> tuple[tuple[int, float], ...]:
    return tuple((product, quantity * units / item.units) for product, quantity in item.moves)


def _take(shares: list[tuple[str, int]], units: int) -> list[tuple[str, int]]:
    """So many units from the front of the shares, which are left with the rest."""
    taken: list[tuple[str, int]] = []
    while units > 0 and shares:
        line_id, there = shares.pop(0)
        part = min(units, there)
        taken.append((line_id, part))
        units -= part
        if there > part:
            shares.insert(0, (line_id, there - part))
    return taken
