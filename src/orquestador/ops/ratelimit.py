"""How often callers may ask: a rate, whom it counts, and what is counted as one caller (design §9b)."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import Protocol

NAME_MAX = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in any window of so many seconds, all of them at once if need be."""

    calls: int
    per_s: int


class Counters(Protocol):
    """Where calls are counted: in the process, or shared by several."""

    async def hit(self, rule: str, name: str, rate: Rate) -> float | None:
        """Count a call of `name` under `rule`. None, or the seconds to wait when it is one too many, which is
        then not counted. Never raises, and never waits long."""
        ...


class RequestLimits:
    """The two rules of the web. A rate of None is no rule; without counters there are none at all."""

    def __init__(
        self, counters: Counters | None = None, *, api: Rate | None = None, failed_proofs: Rate | None = None
    ) -> None:
        self._counters, self._api, self._failed_proofs = counters, api, failed_proofs

    async def api_call(self, address: str, key_name: str | None = None) -> float | None:
        """A call of the API: counted for its key, else for its address. None, or the seconds to wait."""
        name = f"address/{one_client(address)}" if key_name is None else f"key/{key_name}"
        return await self._hit("api", name, self._api)

    async def failed_proof(self, address: str) -> float | None:
        """A wrong secret or key. None, or the seconds to wait when this address has failed too often.

        Only failures are counted, so that a sender who proves himself is never slowed down.
        """
        return await self._hit("failed-proof", one_client(address), self._failed_proofs)

    async def _hit(self, rule: str, name: str, rate: Rate | None) -> float | None:
        if self._counters is None or rate is None:
            return None
        return await self._counters.hit(rule, name, rate)


def whole_seconds(wait_s: float) -> int:
    """For Retry-After: the first whole second after the wait, when the next call surely is let through."""
    return math.floor(wait_s) + 1


def one_client(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, because one machine has all of it."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:NAME_MAX]
    if not isinstance(ip, ipaddress.IPv6Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip), 64), strict=False).network_address)
