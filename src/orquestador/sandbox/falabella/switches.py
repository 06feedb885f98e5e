"""The switches of the simulator: where the real API varies, or misbehaves on request (falabella.md 9)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from orquestador.sandbox.falabella.envelope import LIST_SHAPES, ListShape
from orquestador.sandbox.falabella.errors import KNOWN_CODES
from orquestador.sandbox.falabella.stock import WriteMeans

#: `true` for a switch that counts calls: until it is turned off.
ALWAYS = 1_000_000_000


class BadSwitch(Exception):
    """A switch is unknown or its value cannot be used."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Defaults are the well-behaved API. Durations are seconds of the sandbox's clock; `slow_s` is real."""

    # how answers look
    list_shape: ListShape = "object-if-one"
    indented_text: bool = False
    error_status: int = 200
    alt_spelling: bool = False
    # who may call
    timestamp_window_s: float = 900.0
    signature_check: bool = True
    user_agent_check: bool = False
    # how calls fail
    error_rate: float = 0.0
    infra_html: int = 0
    slow_s: float = 0.0
    commit_then_timeout: int = 0
    # feeds and stock
    write_means: WriteMeans = "net"
    read_means: WriteMeans = "net"
    stock_error: int = 0
    refuse_unknown: bool = False
    second_warehouse: bool = False
    feed_delay_s: float = 3.0
    feed_never_ends: Literal["", "Queued", "Processing"] = ""
    feed_error: bool = False
    reject_skus: Mapping[str, str] = field(default_factory=dict)
    empty_seller_sku: bool = False
    hidden_errors: bool = False
    e012_s: float = 1.0
    feed_events: Literal["none", "product", "all"] = "product"
    count_update_stock: bool = True
    budget_burst: int = 50
    budget_interval_s: float = 120.0
    budget_per_day: int = 770
    budget_strict: bool = False
    # orders
    items_delay_s: float = 0.0
    package_delay_s: float = 0.0
    paging_drift: bool = False
    order_time_stays: bool = False
    # webhooks
    webhook_duplicate: int = 0
    webhook_drop: float = 0.0
    webhook_reorder: float = 0.0
    webhook_delay_s: float = 0.0

    def merged(self, changes: Mapping[str, Any]) -> "Switches":
        """With the changes; null means the default, 0 and false turn a switch off. All or nothing.

        Raises BadSwitch that names the switch.
        """
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in _PARSERS:
                raise BadSwitch(f"unknown switch: {name}. Known: {', '.join(_PARSERS)}")
            try:
                values[name] = getattr(_DEFAULTS, name) if value is None else _PARSERS[name](value)
            except ValueError as error:
                raise BadSwitch(f"{name}: {error}") from error
        return replace(self, **values)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _number(low: float, high: float, *, true: float | None = None) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        if value is True and true is not None:
            return true
        if value is False:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g} is wanted, not {value!r}")
        return float(value)

    return parse


def _whole(low: int, high: int, *, true: int | None = None) -> Callable[[Any], int]:
    number = _number(low, high, true=true)

    def parse(value: Any) -> int:
        parsed = number(value)
        if parsed != int(parsed):
            raise ValueError(f"a whole number is wanted, not {value!r}")
        return int(parsed)

    return parse


def _flag(value: Any) -> bool:
    if value not in (True, False):  # 1 and 0 too
        raise ValueError(f"true or false is wanted, not {value!r}")
    return bool(value)


def _choice(options: tuple[str, ...], *, off: str, true: str | None = None) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value is True and true is not None:
            return true
        if value is False or value == 0:
            return off
        if value not in options:
            raise ValueError(f"one of {', '.join(options)} is wanted, not {value!r}")
        return str(value)

    return parse


def _error_status(value: Any) -> int:
    return _whole(0, 599)(value) or 200


def _error_code(value: Any) -> int:
    code = _whole(0, max(KNOWN_CODES))(value)
    if code and code not in KNOWN_CODES:
        raise ValueError(f"a code that the API answers is wanted, not {value!r}")
    return code


def _rejections(value: Any) -> dict[str, str]:
    if value is False or value == 0:
        return {}
    if isinstance(value, dict):
        return {str(sku): str(message) for sku, message in value.items()}
    if isinstance(value, list):
        return {str(sku): f"Seller SKU '{sku}' could not be updated" for sku in value}
    raise ValueError(f"a list of SKUs or an object of SKU and message is wanted, not {value!r}")


_DEFAULTS = Switches()
_PARSERS: dict[str, Callable[[Any], Any]] = {
    "list_shape": _choice(LIST_SHAPES, off="object-if-one"),
    "indented_text": _flag,
    "error_status": _error_status,
    "alt_spelling": _flag,
    "timestamp_window_s": _number(0, 10**9),
    "signature_check": _flag,
    "user_agent_check": _flag,
    "error_rate": _number(0, 1, true=1.0),
    "infra_html": _whole(0, ALWAYS, true=ALWAYS),
    "slow_s": _number(0, 600),
    "commit_then_timeout": _whole(0, ALWAYS, true=ALWAYS),
    "write_means": _choice(("net", "gross"), off="net"),
    "read_means": _choice(("net", "gross"), off="net"),
    "stock_error": _error_code,
    "refuse_unknown": _flag,
    "second_warehouse": _flag,
    "feed_delay_s": _number(0, 10**9),
    "feed_never_ends": _choice(("Queued", "Processing"), off="", true="Processing"),
    "feed_error": _flag,
    "reject_skus": _rejections,
    "empty_seller_sku": _flag,
    "hidden_errors": _flag,
    "e012_s": _number(0, 10**9),
    "feed_events": _choice(("none", "product", "all"), off="none", true="all"),
    "count_update_stock": _flag,
    "budget_burst": _whole(0, ALWAYS),
    "budget_interval_s": _number(0.001, 10**9),
    "budget_per_day": _whole(0, ALWAYS),
    "budget_strict": _flag,
    "items_delay_s": _number(0, 10**9),
    "package_delay_s": _number(0, 10**9),
    "paging_drift": _flag,
    "order_time_stays": _flag,
    "webhook_duplicate": _whole(0, 100, true=1),
    "webhook_drop": _number(0, 1, true=1.0),
    "webhook_reorder": _number(0, 10**6, true=1.0),
    "webhook_delay_s": _number(0, 10**9),
}
