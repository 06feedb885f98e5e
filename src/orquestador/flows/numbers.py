"""What the claimed listings of one channel should show: rules over what the ERP can promise (design §7.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from orquestador.flows.context import Context
from orquestador.flows.live import ERP_AWAY_AGAIN_S, Candidate, settled
from orquestador.flows.places import Overlaps
from orquestador.flows.rules import rules_of
from orquestador.model.errors import Unavailable
from orquestador.model.logs import LogStatus
from orquestador.model.orders import Units
from orquestador.model.rules import Effective, decided_by
from orquestador.model.stock import (
    ARCHIVED,
    FROZEN,
    Availability,
    Listing,
    Rule,
    net_quantity,
    urgency,
    written_quantity,
)
from orquestador.model.work import State, Work
from orquestador.ports import Channel, Erp, ProductProblem, Save

UNKNOWN_AGAIN_S = 60.0


@dataclass(slots=True)
class Decided:
    """About one batch of claimed listings."""

    candidates: list[Candidate] = field(default_factory=list)
    """Their number differs from what is known of the channel."""
    saves: list[Save] = field(default_factory=list)
    """Rows of those that need nothing, or wait."""
    later: list[str] = field(default_factory=list)
    """Ids that stay due as they are, for when the ERP is back."""
    later_at: float = 0.0


class Numbers:
    """Decides for one channel; sends nothing."""

    def __init__(self, context: Context, erp: Erp, channel: Channel, *, quiet: bool = False) -> None:
        """`quiet`: only asked what would be, so nobody is told that more was sold than there is."""
        self._quiet = quiet
        self._x, self._erp, self._channel = context, erp, channel
        self._scope = context.settings.scope_of(channel.id)
        self._overlaps = Overlaps(context, erp, channel.id)
        self._oversold: set[str] = set()

    async def decide(self, works: Sequence[Work]) -> Decided:
        """The newest orders were read before: then come the units not yet proven out of the ERP, then what
        the ERP still has. A unit counted twice on the way makes the number lower for a moment, never higher.
        Raises what the journal and the ERP raise, but for Unavailable."""
        x, channel, decided = self._x, self._channel, Decided()
        decided.saves += [_missing(w) for w in works if w.listing.missing]
        rules = await rules_of(x, channel.id, [w.listing for w in works])
        works = self._aligned([w for w in works if not w.listing.missing], rules, decided)
        skus = sorted({w.listing.sku for w in works})
        units = await x.journal.units([*skus, *(w.ref for w in works if w.ref not in skus)])
        try:
            unproven = await self._overlaps.unproven(units)
            if x.gates.pushes_stopped(self._scope):
                self._lowered(works, units, unproven, rules, decided)
                return decided
            known = await self._erp.availability(skus, self._scope)
        except Unavailable:
            # Without the ERP nobody can say which units leave other places: all of them count.
            everywhere = {sku: of.unproven for sku, of in units.items()}
            self._lowered(works, units, everywhere, rules, decided)
            return decided
        for work in works:
            answer, waiting = known.get(work.listing.sku), unproven.get(work.listing.sku, 0)
            if answer is ProductProblem.ARCHIVED:
                # Nothing of it can be promised, whatever a rule says.
                none = Availability(work.listing.sku, 0.0, 0.0, 0.0, x.clock.now())
                nothing = replace(rules[work.ref], rule=Rule())
                self._one(work, none, waiting, nothing, units, decided, archived=True)
            elif isinstance(answer, Availability):
                self._one(work, answer, waiting, rules[work.ref], units, decided)
            else:
                decided.saves.append(self._unknown(work, answer))
        return decided

    def _one(
        self,
        work: Work,
        answer: Availability,
        waiting: int,
        rule: Effective,
        units: Mapping[str, Units],
        decided: Decided,
        *,
        archived: bool = False,
    ) -> None:
        x, now = self._x, self._x.clock.now()
        wanted = net_quantity(answer.available, waiting, rule.rule)
        listing = replace(
            work.listing,
            wanted=wanted,
            wanted_at=answer.as_of,
            available=answer.available,
            # The policy of now: the catalogue may not have been read since it changed.
            managed=rule.publish,
            rule=decided_by(answer.available, waiting, rule),
            auto_buffer=rule.auto.units if rule.auto else None,
        )
        if archived or listing.why == ARCHIVED:
            listing = replace(listing, why=ARCHIVED if archived else None)
        self._watch_oversold(listing, answer)
        if not listing.managed:
            why: str | None = "unmanaged"
        elif rule.freeze is not None:
            why = FROZEN
        elif listing.shows(wanted, work.own_seq) and not listing.doubtful(now):
            why = listing.settled_why
        elif x.modes.of(self._channel.id) is None:
            why = "observing"
        else:
            due = replace(work, doc=listing, urgency=urgency(listing, wanted))
            decided.candidates.append(self._candidate(due, wanted, units, before=work.listing))
            return
        decided.saves.append(settled(work, replace(listing, why=why), now))

    def _lowered(
        self,
        works: Sequence[Work],
        units: Mapping[str, Units],
        unproven: Mapping[str, int],
        rules: Mapping[str, Effective],
        decided: Decided,
    ) -> None:
        """While the ERP is away a known number may fall by what was sold since, never rise.

        These rows stay due, so that each gets its real number when the ERP is back.
        """
        x = self._x
        for work in works:
            listing, rule, newest = work.listing, rules[work.ref], work.listing.newest
            live = x.modes.of(self._channel.id) is not None and rule.publish and rule.freeze is None
            if live and newest is not None and listing.available is not None:
                waiting = unproven.get(listing.sku, 0)
                wanted = net_quantity(listing.available, waiting, rule.rule)
                sold = newest.own_seq != work.own_seq
                if wanted < newest.quantity or (wanted == newest.quantity and sold):
                    use = decided_by(listing.available, waiting, rule)
                    doc = replace(listing, wanted=wanted, wanted_at=x.clock.now(), why="erp_away", rule=use)
                    due = replace(work, doc=doc, urgency=urgency(listing, wanted))
                    decided.candidates.append(self._candidate(due, wanted, units, closes=work.done))
                    continue
            decided.later.append(work.id)
        decided.later_at = x.clock.now() + ERP_AWAY_AGAIN_S

    def _candidate(
        self,
        work: Work,
        wanted: int,
        units: Mapping[str, Units],
        *,
        before: Listing | None = None,
        closes: int | None = None,
    ) -> Candidate:
        own, channel = units.get(work.ref, Units()), self._channel
        return Candidate(
            work,
            wanted,
            written_quantity(wanted, own, channel.id, channel.write_means),
            closes=closes,
            before=before.newest if before is not None else None,
            reserved=own.reserved.get(channel.id, 0),
            unproven=units.get(work.listing.sku, Units()).unproven,
        )

    def _watch_oversold(self, listing: Listing, answer: Availability) -> None:
        """More was sold than there is: told once, when it shows."""
        if answer.available >= 0:
            self._oversold.discard(listing.sku)
        elif not self._quiet and listing.sku not in self._oversold and listing.why != "oversold":
            # The listing says it only once its number is settled; until then it is looked at again and again.
            self._oversold.add(listing.sku)
            self._x.count("oversold")
            self._x.log(
                "stock.oversold",
                LogStatus.ERROR,
                response={"sku": listing.sku, "available": answer.available},
                skus=[listing.sku],
            )

    def _aligned(self, works: Sequence[Work], rules: Mapping[str, Effective], decided: Decided) -> list[Work]:
        """Those that have the product, and are managed, as their rules say now. The others are stored so
        first and looked at again: before that no signal of their stock finds them."""
        aligned = []
        for work in works:
            rule, listing = rules[work.ref], work.listing
            own = listing.seller_sku or listing.sku
            sku = rule.erp_sku or own
            if sku == listing.sku and (listing.managed or not rule.publish):
                aligned.append(work)
                continue
            # What was known of the other product is not known of this one.
            available = listing.available if sku == listing.sku else None
            doc = replace(listing, sku=sku, managed=rule.publish, available=available)
            doc = replace(doc, seller_sku=None if sku == own else own)
            decided.saves.append(Save(replace(work, doc=doc, state=State.DUE, due_at=self._x.clock.now())))
        return aligned

    def _unknown(self, work: Work, problem: ProductProblem | None) -> Save:
        """Not a number: never 0 (design §7.3)."""
        if problem is None:
            at = self._x.clock.now() + UNKNOWN_AGAIN_S
            return Save(replace(work, state=State.WAITING, due_at=at, reason="erp_did_not_answer_sku"))
        why = problem.value
        state = State.DEAD if problem is ProductProblem.DUPLICATE else State.SETTLED
        row = replace(work, doc=replace(work.listing, why=why), state=state, reason=why, done=work.wanted)
        return Save(row)


def _missing(work: Work) -> Save:
    """A signal does not bring back an offer that the channel does not know."""
    return Save(replace(work, state=State.DEAD, done=work.wanted, reason="sku_not_found_on_channel"))
