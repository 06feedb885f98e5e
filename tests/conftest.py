"""What holds for every test: reproducible property runs, and nothing of the developer's own configuration."""

import gc
import os
import re
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.engines import DRIVER_LEAKS

# No deadline per example: the machine is shared, and a slow example is no wrong one. A failure prints the
# blob that repeats it, so that the seed can be kept next to the test.
settings.register_profile(
    "orquestador", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("orquestador")

# A failed test shows what was logged. The library's own tracebacks tell all local values, for a second each.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# A shell that is set up for a real shop must not lend its accounts to a test, nor to a process a test starts.
# ODOO_CONTRACT_* is meant for the tests: a server on which the ERP contract may run (CONTRIBUTING.md).
OURS = re.compile(
    r"(ODOO(?!_CONTRACT)|FALABELLA|MONGODB|REDIS(?!_SERVER_BIN)|APP)_\w+"
    r"|HOST|PORT|DATA_DIR|NODE_ENV|MODE|API_KEYS(_FILE)?|CORS_ORIGINS|PREFIX|CLOCK_URL|FEED_FIRST_POLL_S"
)
for _name in [name for name in os.environ if OURS.fullmatch(name)]:
    del os.environ[_name]
# pytest-xdist tells its workers the width of the terminal: what a test starts has none.
os.environ.pop("COLUMNS", None)


@pytest.fixture(autouse=True)
def logging_is_set_up_for_one_test_alone() -> Iterator[None]:
    """What a test configures, as a process of ours does, is gone after it."""
    before = structlog.get_config()
    before["processors"] = [*before["processors"]]
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True, scope="module")
def leaks_are_told_where_they_arise(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module that expects its driver to forget a socket collects it itself: no later one is told of it."""
    yield
    marks = getattr(request.module, "pytestmark", [])
    if DRIVER_LEAKS in (marks if isinstance(marks, list) else [marks]):
        gc.collect()
