"""The errors that the API answers inside an ErrorResponse (falabella.md 1.6)."""

from typing import Literal

_TEXTS: dict[int, str] = {
    1: "Parameter {0} is mandatory",
    2: "Invalid Version",
    3: "Timestamp has expired",
    4: "Invalid Timestamp format",
    5: "Invalid Request Format",
    6: "Unexpected internal error",
    7: "Login failed. Signature mismatch",
    8: "Invalid Action",
    9: "Access Denied",
    11: "Request too big",
    12: "Invalid Feed ID",
    13: "Invalid Feed Status",
    14: '"{0}" Invalid Offset',
    15: '"{0}" Invalid Page Size',
    16: '"{0}" Invalid Order ID',
    17: '"{0}" Invalid Date Format',
    18: "CreatedAfter or UpdatedAfter is mandatory",
    19: '"{0}" Invalid Limit',
    20: '"{0}" Invalid Order Item ID',
    22: "Invalid Reason",
    23: '"{0}" Invalid Order Item IDs',
    28: "Status transition refused",
    29: "Order items belong to different orders",
    30: "Empty Request",
    35: "Order item {0} was not found",
    36: "Invalid Status Filter",
    37: '"{0}" Invalid Order ID in list',
    38: "Too many orders were requested",
    39: "No orders were found",
    46: '"{0}" Invalid Feed creation date',
    47: '"{0}" Invalid Feed update date',
    56: "Invalid OrderIdList format. Must use array format [1,2]",
    73: "All order items must be in status pending or ready_to_ship",
    74: "Invalid sort direction",
    75: "Invalid sort filter",
    89: "Field {0} is missing",
    98: '"{0}" Invalid callback URL',
    99: '"{0}" Invalid event alias',
    100: '"{0}" Invalid webhook id',
    119: "Items are not yet processable, retry later",
    121: "Invalid package id",
    429: "Too many requests",
    1000: "Format Error Detected",
    1001: "Invalid seller SKU list",
}

KNOWN_CODES = frozenset(_TEXTS)

ErrorType = Literal["Sender", "Platform"]


class ApiError(Exception):
    """The API refuses the call; it becomes an ErrorResponse."""

    def __init__(self, code: int, value: str = "", kind: ErrorType = "Sender") -> None:
        self.code = code
        self.kind: ErrorType = kind
        self.text = f"E{code:03d}: {_TEXTS[code].format(value)}"
        super().__init__(self.text)
