"""Two `api` processes over one MongoDB and one Redis: what they let through, they let through together."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from pymongo import MongoClient
from redis import Redis

from tests.e2e.stack import Child, free_port, start, wait_for
from tests.engines import shared_mongod
from tests.redis_server import RedisServer, binaries

SECRET = "a-webhook-secret-for-tests"
KEYS = {
    name: {"Authorization": f"Bearer {name}-key-for-tests-0001"}
    for name in ("maria", "pedro", "ana", "one", "two")
}
ORDER = "/falabella/webhook/order"
BODY = b'{"event": "onOrderCreated", "payload": {"OrderId": 1}}'


@dataclass
class Pair:
    redis: RedisServer
    namespace: str
    clients: list[httpx2.Client]

    def ask(self, key: str, times: int) -> list[int]:
        """Turn by turn; how each was answered."""
        return [self.clients[n % 2].get("/channels", headers=KEYS[key]).status_code for n in range(times)]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    mongod = shared_mongod()
    redis = RedisServer(next(iter(binaries().values())), tmp_path)
    redis.start()
    database = f"limits_{uuid.uuid4().hex[:12]}"
    ports = [free_port(), free_port()]
    children: list[Child] = []
    clients: list[httpx2.Client] = []
    try:
        for port in ports:
            env = {
                "MONGODB_URI": f"{mongod.uri}{database}",
                "REDIS_HOST": "127.0.0.1",
                "REDIS_PORT": str(redis.port),
                "DATA_DIR": str(tmp_path / str(port)),
                "PORT": str(port),
                "PREFIX": "shop1-",
                "APP_LANG": "en",
                "API_KEYS": ",".join(f"{name}:viewer:{name}-key-for-tests-0001" for name in KEYS),
                "API_RATE_LIMIT": "20/hour",
                "FAILED_PROOF_LIMIT": "4/hour",
                "FALABELLA_WEBHOOK_SECRET": SECRET,
            }
            children.append(start(["api"], log=tmp_path / f"{port}.log", env=env, cwd=tmp_path))
        for port, child in zip(ports, children, strict=True):
            url = f"http://127.0.0.1:{port}"
            clients.append(httpx2.Client(base_url=url, timeout=10, trust_env=False))
            wait_for("an api answers", lambda c=child, u=url: answers(c, u))  # type: ignore[misc]
        yield Pair(redis, f"orquestador:{database}:shop1-", clients)
    finally:
        for client in clients:
            client.close()
        for child in children:
            child.kill()
        redis.kill()
        with MongoClient(mongod.uri) as mongo:  # type: ignore[var-annotated]
            mongo.drop_database(database)


def answers(child: Child, url: str) -> bool:
    assert child.process.poll() is None, child.log.read_text()[-4000:]
    try:
        # Not of the service but of its front, while the store is not open.
        return httpx2.get(f"{url}/health", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def test_processes_limit_together_and_alone_while_redis_is_away(pair: Pair) -> None:
    assert pair.ask("maria", 24) == [200] * 20 + [429] * 4
    failed = [pair.clients[n % 2].post(ORDER, content=BODY).status_code for n in range(6)]
    assert failed == [401] * 4 + [429] * 2
    proven = [pair.clients[n % 2].post(f"{ORDER}/{SECRET}", content=BODY).status_code for n in range(10)]
    assert proven == [200] * 10
    with Redis(port=pair.redis.port, decode_responses=True) as admin:
        kept = [key for key in admin.scan_iter() if ":limits:" in key]
        assert kept
        assert all(key.startswith(f"{pair.namespace}:limits:") for key in kept)
        assert all(0 < admin.ttl(key) <= 7200 for key in kept)

    pair.redis.kill()
    assert pair.ask("pedro", 30) == [200] * 30
    assert pair.clients[0].post(ORDER, content=BODY).status_code in (401, 429)
    assert pair.clients[0].post(f"{ORDER}/{SECRET}", content=BODY).status_code == 200
    assert pair.ask("pedro", 12) == [200] * 10 + [429] * 2

    # Both find a Redis that comes back, by themselves.
    pair.redis.start()
    with Redis(port=pair.redis.port, decode_responses=True) as admin:
        for client, key in zip(pair.clients, ("one", "two"), strict=True):

            def counted_there(client: httpx2.Client = client, key: str = key) -> bool:
                client.get("/channels", headers=KEYS[key])
                return any(f"key/{key}/" in name for name in admin.scan_iter())

            wait_for(f"the process of key {key} shares again", counted_there)
    assert pair.ask("ana", 24) == [200] * 20 + [429] * 4
