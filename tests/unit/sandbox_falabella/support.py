"""What the tests of the Falabella sandbox share: a signing client, and a receiver of webhooks."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

import httpx2

from orquestador.sandbox.falabella.signing import sign

USER = "ops@example.com"
KEY = "test-api-key-0000"
LONG_AGO = "2020-01-01T00:00:00+00:00"


def wall_timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def eventually(found: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Polls until the state is reached; fails when it is not reached in time."""
    deadline = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < deadline, "the state was not reached in time"
        threading.Event().wait(0.01)


def stock_xml(rows: Mapping[str, object], extra: str = "") -> str:
    stocks = "".join(
        f"<Stock>{extra}<SellerSku>{escape(sku)}</SellerSku><Quantity>{quantity}</Quantity></Stock>"
        for sku, quantity in rows.items()
    )
    return f"<Request><Warehouse>{stocks}</Warehouse></Request>"


class Sandbox:
    """A signing client of the API and of the control, as a test wants it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=20, trust_env=False, verify=False)

    def request(
        self,
        parameters: Mapping[str, str | None],
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """A signed request; a parameter that is None is left out."""
        merged = {
            "UserID": USER,
            "Version": "1.0",
            "Format": "JSON",
            "Timestamp": wall_timestamp(),
            **parameters,
        }
        sent = {name: value for name, value in merged.items() if value is not None}
        sent.setdefault("Signature", sign(sent.items(), KEY))
        method = "GET" if body is None else "POST"
        return self.http.request(method, "/", params=sent, content=body, headers=dict(headers or {}))

    def ok(
        self, action: str, *, body: str | None = None, version: str = "1.0", **parameters: str
    ) -> dict[str, Any]:
        """The SuccessResponse of a call."""
        response = self.request({"Action": action, "Version": version, **parameters}, body)
        answer = response.json()
        assert "SuccessResponse" in answer, answer
        success: dict[str, Any] = answer["SuccessResponse"]
        return success

    def body(self, action: str, *, body: str | None = None, version: str = "1.0", **parameters: str) -> Any:
        return self.ok(action, body=body, version=version, **parameters)["Body"]

    def error(self, action: str, *, body: str | None = None, version: str = "1.0", **parameters: str) -> str:
        """The error code of a call that is refused."""
        answer = self.request({"Action": action, "Version": version, **parameters}, body).json()
        assert "ErrorResponse" in answer, answer
        head = answer["ErrorResponse"]["Head"]
        assert head["ErrorMessage"].startswith(f"E{int(head['ErrorCode']):03d}: ")
        return str(head["ErrorCode"])

    def control(self, path: str, body: Mapping[str, Any]) -> Any:
        response = self.http.post(f"/_sandbox/{path}", json=dict(body))
        assert response.status_code == 200, response.text
        return response.json()

    def state(self) -> Any:
        return self.http.get("/_sandbox/state").json()

    def switch(self, **switches: Any) -> None:
        self.control("faults", switches)

    def advance(self, seconds: float) -> None:
        self.control("clock", {"advance_s": seconds})

    def order(self, *lines: tuple[str, int] | tuple[str, int, str], **options: Any) -> int:
        names = ("sku", "quantity", "shippingType")
        items = [dict(zip(names, line, strict=False)) for line in lines]
        return int(self.control("orders", {"items": items, **options})["orderId"])

    def status(self, order_id: int, status: str, **options: Any) -> Any:
        return self.control(f"orders/{order_id}/status", {"status": status, **options})

    def update_stock(self, rows: Mapping[str, object], extra: str = "") -> str:
        """Writes and returns the feed's id."""
        return str(self.body("UpdateStock", body=stock_xml(rows, extra))["Stocks"]["feed"])

    def feed(self, feed_id: str) -> Any:
        return self.body("FeedStatus", FeedID=feed_id)["FeedDetail"]

    def shown(self, sku: str) -> int:
        return int(self.state()["stock"][sku])


class Receiver:
    """Takes webhooks on a free port, answers what it is told, and remembers the bodies in their order."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.headers.append(dict(self.headers.items()))
                receiver.bodies.append(json.loads(body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def wait(self, count: int) -> list[dict[str, Any]]:
        """The bodies, once there are `count` of them."""
        eventually(lambda: len(self.bodies) >= count)
        return self.bodies

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
