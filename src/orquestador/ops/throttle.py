"""A small limiter per address for failed proofs, bounded in memory."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict


class Throttle:
    """A token bucket per address: `burst` failures at once, then one per `interval_s` seconds.

    Only failures are counted, so a sender who proves himself is never slowed down. At most `addresses_max`
    buckets are kept, the ones used last; an IPv6 network of 64 bits is one address, because one machine has
    all of it.
    """

    def __init__(self, burst: int = 10, interval_s: float = 6.0, addresses_max: int = 4096) -> None:
        self._burst, self._interval_s, self._max = float(burst), interval_s, addresses_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def failed(self, address: str, now: float) -> float | None:
        """Count a failure. None, or the seconds to wait when the address has failed too often."""
        key = _network(address)
        tokens, at = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - at) / self._interval_s)
        allowed = tokens >= 1.0
        self._buckets[key] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > self._max:
            self._buckets.popitem(last=False)
        return None if allowed else (1.0 - tokens) * self._interval_s

    def __len__(self) -> int:
        return len(self._buckets)


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((ip, 64), strict=False).network_address)
    return address
