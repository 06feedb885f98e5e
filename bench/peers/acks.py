"""Acknowledgements a second: the load generator of `bench.ack` against both sides in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.load import run_load
from bench.peers.sides import Side
from bench.processes import BenchFailed
from bench.report import median, percentile
from bench.world import SECRET

CONNECTIONS = 64
WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Acks:
    """The medians of one side's rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float

    def as_json(self) -> dict[str, float]:
        return {
            "per_s": round(self.per_second, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
        }


def request(n: int) -> bytes:
    """The n-th order as both sides take it: the documented body, the secret in the documented header."""
    body = (
        b'{"orderId": "BENCH-%d", "products": [{"sku": "SKU-00001", "quantity": 2, "price": 15990}], '
        b'"status": "confirmed", "timestamp": "2026-11-24T12:00:00Z"}' % n
    )
    return (
        b"POST /falabella/webhook/order HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"x-falabella-signature: %b\r\ncontent-length: %d\r\n\r\n%b" % (SECRET.encode(), len(body), body)
    )


def measure(sides: dict[str, Callable[[int], Side]], rounds: int, seconds: float) -> dict[str, Acks]:
    """Each round starts each side anew, loads it and kills it; the other one is not running meanwhile."""
    rates: dict[str, list[tuple[float, float, float]]] = {who: [] for who in sides}
    for n in range(rounds):
        for who, open_side in sides.items():
            side = open_side(n)
            side.start()
            side.wait_ready()
            load = run_load(side.url, request, connections=CONNECTIONS, warm_up_s=WARM_UP_S, seconds=seconds)
            side.kill()
            if load.refused:
                raise BenchFailed(f"{side.label}: {load.refused} requests were not answered with 200")
            p50, p99 = (percentile(load.latencies_s, share) * 1000 for share in (0.5, 0.99))
            rates[who].append((load.per_second, p50, p99))
    return {
        who: Acks(*(median(column) for column in zip(*found, strict=True))) for who, found in rates.items()
    }
