"""Following pushes whose channel answers late, wrongly or not at all (design §7.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from orquestador.flows.intake import Intake
from orquestador.flows.jobs import CANCEL_TRIES_S, JOB_MAX_S, UNANSWERED_MAX_S
from orquestador.model.errors import Ambiguous, AuthRefused, Unavailable, UpstreamError
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.stock import JobState, RecordOutcome
from orquestador.model.work import ATTEMPTS_MAX, State, Work
from orquestador.ports import JobReport
from tests.unit.flows.test_push import Shop


async def listing(shop: Shop, sku: str) -> Work:
    [work] = await shop.journal.listings_for([sku])
    return work


async def states(shop: Shop) -> list[JobState]:
    """Of all jobs, oldest first."""
    return [job.state for job in reversed(await shop.journal.recent_jobs("shop", 9))]


async def pushed(shop: Shop, sku: str, delta: int) -> None:
    shop.erp.move_by_hand(sku, delta)
    await shop.changed(sku)


def failing(error: UpstreamError) -> Callable[..., Awaitable[None]]:
    async def call(*arguments: object) -> None:
        raise error

    return call


@pytest.mark.parametrize("error", [Ambiguous("cut off"), AuthRefused("no role"), Unavailable("E006")])
async def test_a_feed_without_an_end_frees_its_listings_also_when_it_cannot_be_cancelled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: UpstreamError
) -> None:
    await shop.pusher.run_once()
    await pushed(shop, "A", -3)
    monkeypatch.setattr(shop.channel, "cancel_job", failing(error))
    shop.clock.advance(JOB_MAX_S + 1)
    with pytest.raises(type(error)):
        await shop.follower.run_once()
    assert await states(shop) == [JobState.FOLLOWING]
    shop.clock.advance(CANCEL_TRIES_S)
    await shop.follower.run_once()
    assert await states(shop) == [JobState.UNVERIFIED]
    assert (await listing(shop, "A")).listing.job_id is None
    await pushed(shop, "A", -1)
    assert shop.pushed == [{"A": 7}, {"A": 6}]


async def test_a_job_that_cannot_be_asked_for_hides_no_other_and_ends(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.pusher.run_once()
    await pushed(shop, "A", -3)
    await pushed(shop, "B", -2)
    report = shop.channel.report

    async def poisoned(external_id: str, refs: Sequence[str]) -> JobReport:
        if external_id == "feed-0":
            raise Unavailable("E006")
        return await report(external_id, refs)

    monkeypatch.setattr(shop.channel, "report", poisoned)
    shop.channel.feeds_run()
    shop.clock.advance(5.0)
    with pytest.raises(Unavailable):
        await shop.follower.run_once()
    assert await states(shop) == [JobState.FOLLOWING, JobState.DONE]
    shop.clock.advance(UNANSWERED_MAX_S)
    await shop.follower.run_once()
    assert await states(shop) == [JobState.UNVERIFIED, JobState.DONE]
    assert (await listing(shop, "A")).listing.job_id is None


async def test_a_push_whose_id_was_lost_is_free_when_nobody_can_look_it_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.pusher.run_once()
    monkeypatch.setattr(shop.channel, "push", failing(Ambiguous("cut off")))
    await pushed(shop, "A", -3)
    shop.clock.advance(2.0)
    monkeypatch.setattr(shop.channel, "find_job", failing(AuthRefused("no role")))
    with pytest.raises(AuthRefused):
        await shop.follower.run_once()
    shop.clock.advance(UNANSWERED_MAX_S + 5)
    await shop.follower.run_once()
    assert await states(shop) == [JobState.UNVERIFIED]
    assert (await listing(shop, "A")).listing.job_id is None


async def test_an_early_word_of_a_feeds_end_confirms_nothing(shop: Shop) -> None:
    await shop.pusher.run_once()
    intake = Intake(shop.context)
    for n, feed in enumerate(("feed-0", "feed-of-somebody-else")):
        notice = Notice(NoticeKind.FEED, (feed,), event="onFeedCompleted", dedupe=f"d{n}")
        await intake.accept("falabella.order", "shop", notice, b"{}", shop.clock.now(), f"t{n}")
    await pushed(shop, "A", -3)
    notice = Notice(NoticeKind.FEED, ("feed-0",), event="onFeedCompleted", dedupe="again")
    await intake.accept("falabella.order", "shop", notice, b"{}", shop.clock.now(), "t9")
    shop.clock.advance(1.0)
    await shop.follower.run_once()
    assert await states(shop) == [JobState.FOLLOWING]
    assert (await listing(shop, "A")).listing.confirmed is None
    await shop.confirm()
    assert await states(shop) == [JobState.DONE]


async def test_a_refused_number_is_tried_again_as_it_is_then_and_at_last_is_for_a_person(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.pusher.run_once()
    report = shop.channel.report

    async def refused(external_id: str, refs: Sequence[str]) -> JobReport:
        told = await report(external_id, refs)
        return replace(told, outcomes=dict.fromkeys(refs, (RecordOutcome.REFUSED, "no such luck")))

    monkeypatch.setattr(shop.channel, "report", refused)
    await pushed(shop, "A", -1)
    work = await listing(shop, "A")
    for tries in range(1, ATTEMPTS_MAX + 1):
        assert [p["A"] for p in shop.pushed] == list(range(9, 9 - tries, -1))
        await shop.confirm()
        work = await listing(shop, "A")
        assert (work.attempts, work.listing.why) == (tries, "no such luck")
        if tries < ATTEMPTS_MAX:
            assert work.state is State.WAITING
            shop.erp.move_by_hand("A", -1)
            shop.clock.advance(3600.0)
            await shop.pusher.run_once()
    assert (work.state, work.reason) == (State.DEAD, "refused:no such luck")
