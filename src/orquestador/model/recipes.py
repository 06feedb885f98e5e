"""What each unit of an order line took from the ERP, where a kit's parts do not come out even. Pure.

A third of ten pieces is 3.33 of them, and three times that is not ten. Whatever rounding leaves out of one
give-back is asked for in the next, so that in the end all of it has come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orquestador.model.orders import Line

Recipe = tuple[tuple[int, float], ...]
"""Per unit: (product id, quantity)."""
NOTHING = 1e-9


def blended(recipe: Recipe, taken: int, more: Recipe, units: int) -> Recipe:
    """What each unit of a line has taken on average, when `units` more took `more` each: a kit whose bill was
    changed between two takes."""
    if not recipe or not more or recipe == more or not taken:
        return recipe if taken and recipe else more or recipe
    sums = {product: quantity * taken for product, quantity in recipe}
    for product, quantity in more:
        sums[product] = sums.get(product, 0.0) + quantity * units
    return tuple((product, quantity / (taken + units)) for product, quantity in sums.items())


def recipe_after(recipe: Recipe, taken: int, came: Mapping[int, float], units: int) -> Recipe:
    """What each unit that is still out has taken, when of `taken` units so many came back in `came`."""
    left = taken - units
    if left <= 0 or all(abs(came.get(p, 0.0) - q * units) < NOTHING for p, q in recipe):
        return recipe
    rest = tuple((p, (q * taken - came.get(p, 0.0)) / left) for p, q in recipe)
    return tuple((p, q) for p, q in rest if q > NOTHING) or recipe


def with_what_is_left(lines: Sequence[Line], done: Line, over: Mapping[int, float]) -> list[Line]:
    """The lines, when `done` has come back in full but for the quantities in `over`: the next line of the
    same product gives them back (a channel may have a line for each unit)."""
    found = list(lines)
    if all(abs(quantity) < NOTHING for quantity in over.values()):
        return found
    for i, line in enumerate(found):
        if line.taken and line.product_id == done.product_id and over.keys() <= dict(line.recipe).keys():
            recipe = tuple((p, q + over.get(p, 0.0) / line.taken) for p, q in line.recipe)
            found[i] = replace(line, recipe=recipe)
            return found
    return found
