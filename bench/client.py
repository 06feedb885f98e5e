"""JSON over HTTP to a child of a bench; not for what is timed by the thousand (that is bench.load)."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from bench.processes import BenchFailed


def call(url: str, body: object = None) -> Any:
    """A GET, or a POST when there is a body. Raises BenchFailed for anything but 200 and 202."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        if body is None:
            connection.request("GET", address.path)
        else:
            connection.request("POST", address.path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, HTTPException) as error:
        raise BenchFailed(f"no answer from {address.path.rpartition('/')[0]}: {error}") from error
    finally:
        connection.close()
    if answer.status not in (200, 202):
        raise BenchFailed(f"{answer.status} from {address.path.rpartition('/')[0]}: {content[:300]!r}")
    return json.loads(content)


def answers(url: str) -> bool:
    """Whether a GET of this address is answered with 200."""
    try:
        call(url)
    except BenchFailed:
        return False
    return True
