"""What every journal promises. A store joins with a class of its own that supplies the `journal` fixture,
open on the `clock` fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orquestador.clock import ManualClock
from orquestador.ports import Journal
from tests.contract.journal_listings_contract import ListingContract
from tests.contract.journal_questions_contract import QuestionContract
from tests.contract.journal_receipts_contract import ReceiptContract
from tests.contract.journal_rules_contract import RuleContract
from tests.contract.journal_upkeep_contract import UpkeepContract
from tests.contract.journal_work_contract import WorkContract


class JournalContract(
    ReceiptContract, WorkContract, QuestionContract, ListingContract, RuleContract, UpkeepContract
):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def journal(self, clock: ManualClock) -> AsyncIterator[Journal]:
        raise NotImplementedError
