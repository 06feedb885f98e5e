"""The operator's API: that of the running service, or the same one in this process over the store."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

import httpx2

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.session import Session
from orquestador.cli.shape import Row, snake
from orquestador.i18n import has
from orquestador.settings import Settings, journal_file

T = TypeVar("T")

KEY_VARIABLE = "ORQUESTADOR_API_KEY"
CONNECT_S, KNOCK_S, ANSWER_S = 2.0, 5.0, 120.0
"""Going live and uninstalling ask the upstreams, so an answer may take long."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound


class House:
    """Asks the API and gives its answers in snake_case. Raises CommandFailed with the API's own words."""

    def __init__(self, client: httpx2.AsyncClient, session: Session, *, running: bool) -> None:
        self._client, self._session = client, session
        self.running = running
        """False when this process itself answers, over the store."""

    async def get(self, path: str, **query: object) -> Row:
        asked = {name: str(value) for name, value in query.items() if value is not None}
        return await self._call("GET", path, query=asked)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Row:
        return await self._call("POST", path, body=body)

    async def put(self, path: str, body: Mapping[str, object]) -> Row:
        return await self._call("PUT", path, body=body)

    async def delete(self, path: str, **query: object) -> Row:
        asked = {name: str(value) for name, value in query.items() if value is not None}
        return await self._call("DELETE", path, query=asked)

    async def post_text(self, path: str, content: bytes, **query: str) -> Row:
        return await self._call("POST", path, query=query, content=content)

    async def get_text(self, path: str, **query: object) -> bytes:
        """An answer that is no JSON, as it is."""
        asked = {name: str(value) for name, value in query.items() if value is not None}
        answer = await self._ask("GET", path, query=asked)
        if answer.status_code >= 400:
            self._read(path, answer)
        return answer.content

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        content: bytes | None = None,
    ) -> Row:
        return self._read(path, await self._ask(method, path, query, body, content))

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        try:
            return await self._client.request(method, path, params=query, json=body, content=content)
        except httpx2.TransportError as error:
            raise CommandFailed(
                self._say("cli.no_answer", url=self._url, detail=str(error) or type(error).__name__)
            ) from error

    def _read(self, path: str, answer: httpx2.Response) -> Row:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise CommandFailed(self._say("cli.not_ours", url=self._url))
        if answer.status_code >= 400:
            wait = answer.headers.get("retry-after")
            raise self._refused(path, answer.status_code, content, wait)
        shaped = snake(content)
        assert isinstance(shaped, dict)
        return shaped

    def _refused(
        self, path: str, status: int, problem: Mapping[str, object], wait: str | None
    ) -> CommandFailed:
        """Our words for the problems that people meet, else the API's own."""
        detail = str(problem.get("detail") or problem.get("title") or status)
        remedy = str(problem["remedy"]) if problem.get("remedy") else None
        kind, verb = str(problem.get("type")).rpartition(":")[2], path.rpartition("/")[2]
        if kind.startswith("rule-") and has(conflict := f"conflict.{kind.removeprefix('rule-')}"):
            said = f"{problem.get('field')}: {self._say(conflict, value=problem.get('value'))}"
            return CommandFailed(said, self._say(f"{conflict}.do"), WRONG_USAGE)
        for key in (f"problem.{kind}@{verb}", f"problem.{kind}"):
            if has(key):
                said = self._say(key, detail=detail)
                facts = {"variable": KEY_VARIABLE, "wait": wait or "?"}
                do = self._say(f"{key}.do", **facts) if has(f"{key}.do") else None
                return CommandFailed(said, do, PROBLEM)
        return CommandFailed(detail, remedy, WRONG_USAGE if status == 422 else PROBLEM)

    @property
    def _url(self) -> str:
        return str(self._client.base_url).rstrip("/")

    def _say(self, code: str, **facts: object) -> str:
        return self._session.say(code, **facts)


def segment(text: str) -> str:
    """An id as one piece of a path."""
    return quote(text, safe="")


def address(settings: Settings) -> str:
    """Where the service of these settings listens, as this machine reaches it."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def api_key(settings: Settings) -> str | None:
    """ORQUESTADOR_API_KEY, else the most powerful key of API_KEYS that may change something."""
    if given := os.environ.get(KEY_VARIABLE):
        return given
    for role in ("admin", "operator"):
        for key in settings.api_keys:
            if key.role.value == role:
                return key.key
    return None


class Listener(StrEnum):
    """What is at the service's address."""

    ANSWERS = "answers"
    SILENT = "silent"
    """Something accepts connections and says nothing in time: its store may be in use."""
    NOBODY = "nobody"


async def who_listens(url: str) -> Listener:
    """Knock at the service's door."""
    timeout = httpx2.Timeout(KNOCK_S, connect=CONNECT_S)
    try:
        async with httpx2.AsyncClient(base_url=url, timeout=timeout, trust_env=False) as client:
            await client.get("/health/live")
    except httpx2.ConnectError:
        return Listener.NOBODY
    except httpx2.TransportError:
        return Listener.SILENT
    return Listener.ANSWERS


@asynccontextmanager
async def open_house(session: Session, *, create: bool = False) -> AsyncIterator[House]:
    """The running service, or the store when none runs (`create`: also a store that does not exist yet).

    Raises CommandFailed when neither is there, StoreLocked when the store is served under another address.
    """
    url = address(session.settings)
    listener = await who_listens(url)
    if listener is Listener.SILENT:
        raise CommandFailed(session.say("service_silent", url=url), session.say("service_silent.do"))
    if listener is Listener.ANSWERS:
        key = api_key(session.settings)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx2.Timeout(ANSWER_S, connect=CONNECT_S)
        async with httpx2.AsyncClient(
            base_url=url, headers=headers, timeout=timeout, trust_env=False
        ) as client:
            yield House(client, session, running=True)
        return
    if not create and session.settings.mongodb_uri is None and not journal_file(session.settings).exists():
        raise CommandFailed(
            session.say("status.no_store", path=session.settings.data_dir.absolute()),
            session.say("status.not_running.do"),
        )
    async with _from_store(session) as client:
        yield House(client, session, running=False)


@asynccontextmanager
async def _from_store(session: Session) -> AsyncIterator[httpx2.AsyncClient]:
    from orquestador.app.build import assemble, open_context
    from orquestador.app.services import HouseServices
    from orquestador.ops.ratelimit import RequestLimits
    from orquestador.settings import problems, web_config
    from orquestador.web.app import create_api

    settings = session.settings
    async with open_context(settings, serving=False) as context:
        context.gates.report("settings", problems(settings, session.env_file))
        context.processes = await context.journal.processes()
        for gate in ("erp", *context.channels):
            stop = context.gates.stopped(gate)
            if stop is not None and stop.code == "not_checked_yet":
                # Nobody looks at the upstreams now, so nothing is known against them.
                context.gates.report(gate, ())
        service = assemble(settings, context)
        # Whoever can open the store needs no key; requests of this process count as local.
        config = dataclasses.replace(web_config(settings), api_keys=())
        api = create_api(HouseServices(service), config, RequestLimits())
        transport = httpx2.ASGITransport(app=api, client=("127.0.0.1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


def ask(session: Session, question: Callable[[House], Awaitable[T]], *, create: bool = False) -> T:
    """One conversation with the house, from a command."""

    async def talk() -> T:
        async with open_house(session, create=create) as house:
            return await question(house)

    return asyncio.run(talk())
