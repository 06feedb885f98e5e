"""The MongoDB and the Redis of the real environment: a place of the demo's own in them, removed again.

Nothing else on those servers is looked at or touched, and nothing is ever flushed.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from orquestador.model.errors import InvalidSetting
from orquestador.ops.redact import MASK
from orquestador.settings import given, read_secret, redis_namespace, redis_url

if TYPE_CHECKING:
    from pymongo import MongoClient
    from redis import Redis

NAME = "orquestador_demo_"
"""How every database and every prefix of a demo begins (design §9b)."""
REDIS = ("REDIS_URL", "REDIS_HOST", "REDIS_PORT")
ANSWER_S = 3.0
WORK_S = 10.0
PAGE_KEYS = 500
TRIES = 5
"""What a killed service had on its way to a server may arrive while its place is being removed."""
NAMES_TRIED = 20


class EngineAway(Exception):
    """An engine of the environment cannot be used; `where` is without user and password."""

    def __init__(self, engine: str, where: str, detail: str) -> None:
        super().__init__(f"{engine} {where}: {detail}")
        self.engine, self.where, self.detail = engine, where, detail


@dataclass(frozen=True, slots=True)
class Left:
    """What could not be removed, by its exact name, and why."""

    what: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What is gone: the keys are those that were still there. `left` is empty when it is all verified."""

    keys: int
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class Engines:
    """Where this demo has its journal and queue; without MongoDB they are in its folder and in its process.

    `name` is the database and the PREFIX.
    """

    name: str
    mongodb: str | None = field(default=None, repr=False)
    redis: str | None = field(default=None, repr=False)
    unused: tuple[str, ...] = ()
    """Settings of the environment that mean nothing here: Redis without MongoDB."""

    @property
    def settings(self) -> dict[str, str]:
        """What the service is started with."""
        values = {"MONGODB_URI": self.mongodb, "REDIS_URL": self.redis}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def mongodb_at(self) -> str:
        return shown(self.mongodb or "")

    @property
    def redis_at(self) -> str:
        return shown(self.redis or "")

    @property
    def namespace(self) -> str:
        """How the service's keys in Redis begin."""
        return redis_namespace(given({**self.settings, "PREFIX": self.name}))

    def remove(self) -> Removal:
        """Drop the database and delete the keys; both are tried, and looked for afterwards. Never raises for
        an engine that does not answer: that is what `left` tells."""
        if not self.name.startswith(NAME):
            raise ValueError(f"{self.name} is not a demo's")
        keys, left = 0, []
        if self.mongodb is not None:
            try:
                _drop(self.mongodb, self.name)
            except EngineAway as error:
                left.append(Left(self.name, f"MongoDB {error.where}", error.detail))
        if self.redis is not None:
            try:
                keys = _unlink(self.redis, self.namespace)
            except EngineAway as error:
                left.append(Left(f"{self.namespace}:*", f"Redis {error.where}", error.detail))
        return Removal(keys, tuple(left))


def new_name() -> str:
    """Short, so that it fits PREFIX (20 characters)."""
    return NAME + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(3))


def find_engines(environment: Mapping[str, str]) -> Engines:
    """What the environment names, proven to answer, with a name that nobody uses there.

    Raises InvalidSetting for an address that no driver could use, EngineAway.
    """
    asked = _asked(environment)
    uri = asked.get("MONGODB_URI")
    if uri is None:
        return Engines(new_name(), unused=tuple(name for name in REDIS if name in asked))
    settings = given(asked)  # raises InvalidSetting
    redis = redis_url(settings)
    if redis is not None:
        with _redis(redis) as client:
            client.ping()
    for _ in range(NAMES_TRIED):
        name = new_name()
        mongodb = with_database(uri, name)
        with _mongodb(mongodb) as client:
            if not client[name].list_collection_names():
                return Engines(name, mongodb, redis)
    raise EngineAway(
        "MongoDB", shown(uri), f"{NAMES_TRIED} databases {NAME}... that were tried are all in use"
    )


def _asked(environment: Mapping[str, str]) -> dict[str, str]:
    """Our names in the environment, with what the files contain that `*_FILE` name."""
    found = {}
    for name in ("MONGODB_URI", *REDIS):
        if value := environment.get(name, "").strip():
            found[name] = value
        elif path := environment.get(f"{name}_FILE", ""):
            found[name] = read_secret(f"{name}_FILE", path)
    return found


def with_database(uri: str, database: str) -> str:
    """The same servers and options; whoever logged in against the old database still does.

    With `mongodb+srv` it is the DNS that says where users are; where it does not, the URI needs `authSource`.
    """
    scheme, _, rest = uri.partition("://")
    place, _, query = rest.partition("?")
    login, _, where = place.rpartition("@")
    hosts, _, old = where.partition("/")
    options = {name.lower(): value for name, value in parse_qsl(query)}
    if login and scheme == "mongodb" and "authsource" not in options:
        mechanism = options.get("authmechanism", "SCRAM").upper()
        if mechanism.startswith("SCRAM"):
            query = "&".join(filter(None, (query, f"authSource={old or 'admin'}")))
        elif mechanism == "PLAIN" and old:
            query = f"{query}&authSource={old}"
    place = f"{login}@{hosts}" if login else hosts
    return f"{scheme}://{place}/{database}" + (f"?{query}" if query else "")


def shown(address: str) -> str:
    """An engine's address for people: hosts and ports, without user, password and options."""
    scheme, _, rest = address.partition("://")
    place, _, query = rest.partition("?")
    if "@" in query:  # the sign may have been a part of the password
        return MASK
    where = place.rpartition("@")[2]
    hosts, _, path = where.partition("/")
    if scheme == "unix":
        return where
    return f"{hosts}/{path}" if scheme.startswith("redis") and path not in ("", "0") else hosts


def _drop(uri: str, name: str) -> None:
    with _mongodb(uri) as client:
        for _ in range(TRIES):
            client.drop_database(name)
            if not client[name].list_collection_names():
                return
            time.sleep(ANSWER_S / TRIES)
    raise EngineAway("MongoDB", shown(uri), "it is there again after it was dropped")


def _unlink(url: str, namespace: str) -> int:
    """How many keys were deleted, a page at a time; nothing in the name means anything in a pattern."""
    gone = 0
    with _redis(url) as client:
        for _ in range(TRIES):
            page: list[Any] = []
            found = False
            for key in client.scan_iter(match=f"{namespace}:*", count=PAGE_KEYS):
                found = True
                page.append(key)
                if len(page) == PAGE_KEYS:
                    gone += client.unlink(*page)
                    page = []
            if not found:
                return gone
            if page:
                gone += client.unlink(*page)
    raise EngineAway("Redis", shown(url), "keys are there again after they were deleted")


@contextmanager
def _mongodb(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client for a moment. Raises EngineAway for whatever goes wrong inside, InvalidSetting for the URI."""
    from pymongo import MongoClient
    from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

    try:
        client = MongoClient[dict[str, Any]](
            uri,
            appname="orquestador-demo",
            serverSelectionTimeoutMS=int(ANSWER_S * 1000),
            connectTimeoutMS=int(ANSWER_S * 1000),
            socketTimeoutMS=int(WORK_S * 1000),
        )
    except (PyMongoError, ValueError):  # its text may quote a part of the password
        problem = "is no address that MongoDB's driver can use; user and password must be percent-encoded"
        raise InvalidSetting("MONGODB_URI", problem, "mongodb://localhost:27017/orquestador") from None
    try:
        with client:
            yield client
    except OperationFailure as error:
        detail = str((error.details or {}).get("codeName", type(error).__name__))
        raise EngineAway("MongoDB", shown(uri), detail) from error
    except ConnectionFailure as error:
        raise EngineAway("MongoDB", shown(uri), _first(error)) from error
    except PyMongoError as error:
        raise EngineAway("MongoDB", shown(uri), type(error).__name__) from error


@contextmanager
def _redis(url: str) -> Iterator[Redis]:
    """A client for a moment. Raises EngineAway for whatever goes wrong inside, InvalidSetting for the URL."""
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        if "@" in url.partition("?")[0] and "@" not in urlsplit(url).netloc:
            raise ValueError("the password ends where it should not")
        client = Redis.from_url(url, socket_connect_timeout=ANSWER_S, socket_timeout=WORK_S)
    except (RedisError, ValueError):
        problem = "is no address that Redis' driver can use; user and password must be percent-encoded"
        raise InvalidSetting("REDIS_URL", problem, "redis://localhost:6379/0") from None
    try:
        with client:
            yield client
    except (RedisError, OSError) as error:
        raise EngineAway("Redis", shown(url), _first(error)) from error


def _first(error: Exception) -> str:
    """The driver's own words, without the state of all its servers that it adds."""
    words = str(error).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
    return words[:200] or type(error).__name__
