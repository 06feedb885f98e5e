"""The price that is written makes another's total the one that was paid, or says that none does."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from orquestador.erp.odoo.rounding import parted
from orquestador.model.prices import ONE, PricedLine, candidates, factor_of, price_for

CLP, PEN = Decimal(1), Decimal("0.01")
RATES = st.sampled_from([Decimal(0), Decimal("0.10"), Decimal("0.15"), Decimal("0.18"), Decimal("0.19")])


def rounded(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step


class Books:
    """An ERP's own arithmetic, written down independently: per line, or over the whole order."""

    def __init__(self, rates: list[Decimal], step: Decimal, *, included: bool, whole: bool) -> None:
        self.rates, self.step, self.included, self.whole = rates, step, included, whole

    def line(self, i: int, units: int, price: Decimal) -> Decimal:
        net = units * price
        if self.included:
            return rounded(net, self.step)
        base = rounded(net, self.step)
        return base + rounded(base * self.rates[i], self.step)

    def total(self, units: list[int], prices: list[Decimal]) -> Decimal:
        if self.included or not self.whole:
            return sum(
                (self.line(i, n, p) for i, (n, p) in enumerate(zip(units, prices, strict=True))), Decimal(0)
            )
        nets = [n * p for n, p in zip(units, prices, strict=True)]
        tax = sum((net * rate for net, rate in zip(nets, self.rates, strict=True)), Decimal(0))
        return rounded(sum(nets, Decimal(0)), self.step) + rounded(tax, self.step)


def wider(books: Books, lines: list[PricedLine], *, named: bool) -> tuple[Books, list[PricedLine]] | None:
    """One line more by the steps of the adapter: a unit of its own, and once there is one, a line of the
    smallest amount."""
    if named:
        rates, more = [*books.rates, books.rates[0]], (*lines, PricedLine(1, books.step))
    else:
        found = parted(tuple(range(len(lines))), tuple(lines))
        if found is None:
            return None
        rates, more = [books.rates[i] for i in found[0]], found[1]
    return Books(rates, books.step, included=books.included, whole=books.whole), list(more)


def priced(
    books: Books, lines: list[tuple[int, Decimal]], digits: int, *, widen: bool = False
) -> tuple[Decimal, list[Decimal]]:
    """The total that is reached and the prices, by the steps of the adapter: guess, measure, nudge, and with
    `widen` one line more."""
    wanted = sum((n * gross for n, gross in lines), Decimal(0))
    known = [PricedLine(n, gross, ONE) for n, gross in lines]
    prices = tuple(price_for(line, digits) for line in known)
    tried: dict[tuple[Decimal, ...], Decimal] = {}
    total = Decimal(0)
    ways = [False, True] if widen else []
    for _ in range(8):
        total = tried[prices] = books.total([line.units for line in known], list(prices))
        if total == wanted:
            break
        measured = [
            PricedLine(
                line.units,
                line.gross,
                factor_of(books.line(i, line.units, price), Decimal(line.units), price, books.step)
                or line.factor,
            )
            for i, (line, price) in enumerate(zip(known, prices, strict=True))
        ]
        better = tuple(price_for(line, digits) for line in measured)
        if measured == known or better in tried:
            near = candidates(measured, prices, total, wanted, digits, books.step)
            better = next((p for p in near if p not in tried), prices)
        while better == prices and ways:
            if found := wider(books, measured, named=ways.pop(0)):
                books, measured = found
                better = tuple(price_for(line, digits) for line in measured)
        if better == prices:
            break
        known, prices = measured, better
    prices = next(p for p, made in reversed(tried.items()) if made == total)
    return total, list(prices)


def lines_of(prices: st.SearchStrategy[Decimal]) -> st.SearchStrategy[list[tuple[int, Decimal]]]:
    return st.lists(st.tuples(st.integers(1, 12), prices), min_size=1, max_size=5)


pesos = lines_of(st.integers(100, 3_000_000).map(Decimal))
soles = lines_of(st.integers(100, 1_000_000).map(lambda cents: Decimal(cents) / 100))


@given(pesos, RATES)
def test_taxes_in_the_price_need_no_search(lines: list[tuple[int, Decimal]], rate: Decimal) -> None:
    books = Books([rate] * len(lines), CLP, included=True, whole=False)
    total, prices = priced(books, lines, 2)
    assert total == sum(n * gross for n, gross in lines)
    assert prices == [gross for _, gross in lines]


@given(pesos, RATES)
def test_pesos_with_taxes_on_top_are_met_where_the_order_is_rounded_as_a_whole(
    lines: list[tuple[int, Decimal]], rate: Decimal
) -> None:
    books = Books([rate] * len(lines), CLP, included=False, whole=True)
    total, prices = priced(books, lines, 2, widen=True)
    assert total == sum(n * gross for n, gross in lines)
    for price, (_, gross) in zip(prices, lines, strict=False):
        assert abs(price * (1 + rate) - gross) <= 2


@given(st.one_of(pesos, soles), RATES, st.booleans(), st.sampled_from([2, 4]))
def test_what_is_not_met_is_off_by_little_and_never_called_met(
    lines: list[tuple[int, Decimal]], rate: Decimal, whole: bool, digits: int
) -> None:
    step = CLP if all(gross == int(gross) for _, gross in lines) else PEN
    books = Books([rate] * len(lines), step, included=False, whole=whole)
    total, prices = priced(books, lines, digits)
    wanted = sum((n * gross for n, gross in lines), Decimal(0))
    assert books.total([n for n, _ in lines], prices) == total
    most = max(step, Decimal(1).scaleb(-digits)) * sum(n for n, _ in lines) * 2
    assert abs(total - wanted) <= most


@given(
    st.one_of(st.tuples(pesos, st.just(CLP)), st.tuples(soles, st.just(PEN))), RATES, st.sampled_from([2, 4])
)
def test_with_one_line_more_every_total_is_met(
    sold: tuple[list[tuple[int, Decimal]], Decimal], rate: Decimal, digits: int
) -> None:
    lines, step = sold
    books = Books([rate] * len(lines), step, included=False, whole=False)
    wanted = sum((n * gross for n, gross in lines), Decimal(0))
    total, prices = priced(books, lines, digits, widen=True)
    assert total == wanted
    # None is far from what was paid.
    units = sum(n for n, _ in lines)
    for price, (_, gross) in zip(prices, lines, strict=False):
        assert abs(price * (1 + rate) - gross) <= (3 + units) * step


@given(RATES, st.integers(1, 50), st.integers(1_000, 10_000_000))
def test_the_tax_is_measured_as_it_is(rate: Decimal, units: int, cents: int) -> None:
    price = Decimal(cents) / 100
    total = rounded(units * price * (1 + rate), PEN)
    measured = factor_of(total, Decimal(units), price, PEN)
    assert measured is not None
    assert abs(measured - (1 + rate)) <= Decimal("1.7") * PEN / (units * price)


def test_a_tax_and_a_price_that_are_both_rounded_are_told_apart() -> None:
    # 3 x 4347.83 is 13043 and its 15 % are 1956: together further from 15 % than one rounding.
    assert factor_of(Decimal(14999), Decimal(3), Decimal("4347.83"), CLP) == Decimal("1.15")
