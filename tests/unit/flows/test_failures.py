"""An unbroken series of failures: when it begins, when it ends, when a person must know."""

from __future__ import annotations

import pytest

from orquestador.flows.failures import AWAY_MAX_S, INTERNAL_MAX_S, Failures
from orquestador.model.errors import Unavailable


@pytest.mark.parametrize(("away", "most_s"), [(False, INTERNAL_MAX_S), (True, AWAY_MAX_S)])
def test_a_person_is_told_once_it_lasts(away: bool, most_s: float) -> None:
    failures = Failures()
    failures.failed("push:shop", Unavailable("no"), 100.0, away=away)
    failures.failed("push:shop", Unavailable("no"), 100.0 + most_s, away=away)
    assert failures.lasting(100.0 + most_s) == {}
    lasting = failures.lasting(101.0 + most_s)["push:shop"]
    assert (lasting.since, lasting.error, lasting.away) == (100.0, "Unavailable", away)


def test_a_success_breaks_the_series_only_when_no_failure_is_near() -> None:
    failures = Failures()
    failures.failed("push:shop", ValueError(), 100.0, away=False)
    failures.worked("push:shop", 105.0, settle_s=10.0)
    failures.failed("push:shop", ValueError(), 106.0, away=False)
    series = failures.of("push:shop")
    assert series and (series.since, series.last_at) == (100.0, 106.0)
    failures.worked("push:shop", 116.0, settle_s=10.0)
    assert failures.of("push:shop") is None
    failures.failed("poll:shop", ValueError(), 100.0, away=False)
    failures.worked("poll:shop", 100.5)
    assert failures.of("poll:shop") is None


def test_the_longest_series_comes_first() -> None:
    failures = Failures()
    failures.failed("b", ValueError(), 50.0, away=False)
    failures.failed("a", ValueError(), 10.0, away=False)
    failures.failed("fresh", ValueError(), 990.0, away=False)
    assert list(failures.lasting(1000.0)) == ["a", "b"]
