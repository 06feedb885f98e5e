"""A process that migrates a shop's store in small batches and prints a line for each step and each batch.

`python child.py FOLDER ROWS`
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from orquestador.app.migrate import Outcome, Plan, migrate
from orquestador.ops import transfer
from orquestador.settings import load


class Printed:
    def step(self, step: str, table: str, total: int, done: int = 0) -> None:
        print(f"{step} {table} from {done}", flush=True)

    def advance(self, rows: int) -> None:
        print(f"{rows} rows", flush=True)


def agree(plan: Plan) -> bool:
    print(f"plan {plan.standing.value}", flush=True)
    return True


transfer.BATCH_ROWS = int(sys.argv[2])
outcome = asyncio.run(migrate(load(Path(sys.argv[1]) / ".env"), Printed(), agree))
assert isinstance(outcome, Outcome)
print(outcome.state, flush=True)
