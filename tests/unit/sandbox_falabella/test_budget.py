"""The budget of feed-creating calls (falabella.md 5)."""

from orquestador.sandbox.falabella.budget import FeedBudget
from tests.unit.sandbox_falabella.support import Sandbox, stock_xml

BODY = stock_xml({"SKU-00001": 7})


def _take(budget: FeedBudget, now: float, *, strict: bool = False, per_day: int = 770) -> bool:
    return budget.take(now, burst=50, interval_s=120, per_day=per_day, strict=strict)


def test_50_calls_then_one_per_two_minutes(sandbox: Sandbox) -> None:
    for _ in range(50):
        sandbox.ok("UpdateStock", body=BODY)
    refused = sandbox.request({"Action": "UpdateStock"}, BODY)
    assert (refused.status_code, refused.json()["ErrorResponse"]["Head"]["ErrorCode"]) == (429, "429")
    sandbox.advance(60)
    assert sandbox.error("UpdateStock", body=BODY) == "429"
    sandbox.advance(60)
    sandbox.ok("UpdateStock", body=BODY)
    assert sandbox.error("UpdateStock", body=BODY) == "429"
    state = sandbox.state()
    assert (state["refused_429"], len(state["feeds"])) == (3, 51)


def test_the_budget_is_shared_by_the_feed_actions_and_reads_are_free(sandbox: Sandbox) -> None:
    sandbox.switch(budget_burst=2)
    unit = "<BusinessUnit><OperatorCode>facl</OperatorCode><Stock>1</Stock></BusinessUnit>"
    product = f"<Product><SellerSku>SKU-00001</SellerSku><BusinessUnits>{unit}</BusinessUnits></Product>"
    sandbox.ok("ProductUpdate", body=f"<Request>{product}</Request>")
    sandbox.ok("UpdateStock", body=BODY)
    assert sandbox.error("ProductUpdate", body=f"<Request>{product}</Request>") == "429"
    assert sandbox.ok("GetStock", Limit="1")


def test_a_refused_call_makes_no_feed_but_a_malformed_one_costs(sandbox: Sandbox) -> None:
    sandbox.switch(budget_burst=1)
    assert sandbox.error("UpdateStock", body="nonsense") == "5"
    assert sandbox.error("UpdateStock", body=BODY) == "429"
    assert sandbox.state()["feeds"] == []


def test_update_stock_can_be_free(sandbox: Sandbox) -> None:
    sandbox.switch(budget_burst=1, count_update_stock=False)
    for _ in range(3):
        sandbox.ok("UpdateStock", body=BODY)


def test_a_whole_day_has_770_calls() -> None:
    budget = FeedBudget()
    times = [0.0] * 50 + [n * 120.0 for n in range(1, 721)]
    accepted = sum(_take(budget, at) for at in times if at < 86_400)
    assert accepted == 769
    assert not _take(budget, 86_399)


def test_the_daily_ceiling_holds_even_when_tokens_are_left() -> None:
    budget = FeedBudget()
    assert [_take(budget, at, per_day=3) for at in (0, 1, 2, 3)] == [True, True, True, False]
    assert _take(budget, 86_401, per_day=3)


def test_strict_also_keeps_the_distance_when_tokens_were_saved() -> None:
    for strict, second in ((False, True), (True, False)):
        budget = FeedBudget()
        for _ in range(50):
            assert _take(budget, 0, strict=strict)
        assert _take(budget, 240, strict=strict)
        assert _take(budget, 241, strict=strict) is second


def test_refused_calls_do_not_postpone_the_refill() -> None:
    budget = FeedBudget()
    for _ in range(50):
        _take(budget, 0)
    assert not any(_take(budget, at / 10) for at in range(1, 1199))
    assert _take(budget, 120)
