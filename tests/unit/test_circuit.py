"""The circuit breaker."""

from __future__ import annotations

import asyncio

import pytest

from orquestador.circuit import Circuit, CircuitState
from orquestador.clock import ManualClock
from orquestador.model.errors import Unavailable


def test_one_failure_opens_it_and_one_success_closes_it() -> None:
    clock = ManualClock()
    circuit = Circuit(clock)
    assert circuit.admit() is False
    circuit.failed("no answer in time")
    assert (circuit.state, circuit.last_error) == (CircuitState.OPEN, "no answer in time")
    with pytest.raises(Unavailable, match="no answer in time"):
        circuit.admit()
    circuit.succeeded()
    assert circuit.state is CircuitState.CLOSED
    assert circuit.last_ok_at == clock.now()


def test_probes_come_one_at_a_time_and_ever_later() -> None:
    clock = ManualClock()
    circuit = Circuit(clock)
    circuit.failed("down")
    waits = []
    for _ in range(7):
        assert circuit.probe_at is not None
        waits.append(circuit.probe_at - clock.now())
        clock.advance(waits[-1])
        assert circuit.admit() is True
        with pytest.raises(Unavailable):
            circuit.admit()
        circuit.failed("still down", probe=True)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    clock.advance(30.0)
    assert circuit.admit() is True
    circuit.succeeded()
    circuit.failed("down again")
    assert circuit.probe_at == clock.now() + 1.0


def test_calls_that_fail_together_do_not_lengthen_the_wait() -> None:
    clock = ManualClock()
    circuit = Circuit(clock)
    for _ in range(5):
        circuit.failed("down")
    assert circuit.probe_at == clock.now() + 1.0


def test_a_probe_that_proved_nothing_leaves_the_next_one_free() -> None:
    clock = ManualClock()
    circuit = Circuit(clock)
    circuit.failed("down")
    clock.advance(1.0)
    assert circuit.admit() is True
    circuit.gave_up()
    assert circuit.admit() is True


async def test_waiting_ends_when_a_probe_is_due() -> None:
    clock = ManualClock()
    circuit = Circuit(clock)
    await circuit.wait_closed()
    circuit.failed("down")
    waiting = asyncio.create_task(circuit.wait_closed())
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(1.0)
    await asyncio.wait_for(waiting, 5.0)


async def test_waiting_ends_when_somebody_elses_probe_succeeds() -> None:
    clock = ManualClock()
    circuit = Circuit(clock)
    circuit.failed("down")
    clock.advance(1.0)
    circuit.admit()
    waiting = asyncio.create_task(circuit.wait_closed())
    await asyncio.sleep(0)
    assert not waiting.done()
    circuit.succeeded()
    await asyncio.wait_for(waiting, 5.0)
