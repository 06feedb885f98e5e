"""`orquestador restore`: a copy comes back where there is nothing, and nowhere else."""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from orquestador.clock import SystemClock
from orquestador.i18n import has
from orquestador.journal.errors import CopyProblem
from orquestador.journal.mongo import MongoJournal
from orquestador.journal.sqlite.lock import FileLock
from tests.engines import DRIVER_LEAKS, shared_mongod
from tests.unit.cli.support import Shop

pytestmark = DRIVER_LEAKS  # clients that are closed right after they were refused
FILE = "orquestador.sqlite3"


@pytest.fixture
def copy(shop: Shop, tmp_path: Path) -> Path:
    """A copy of a shop with one order."""
    shop.receive("A-1")
    made = tmp_path / "copy.sqlite3"
    assert shop.run("backup", str(made)).code == 0
    return made


@pytest.fixture
def database() -> Iterator[str]:
    """A database of its own; returns its address."""
    server, name = shared_mongod(), f"restore_{uuid4().hex[:12]}"
    yield f"{server.uri}{name}"
    with MongoClient[dict[str, Any]](server.uri) as client:
        client.drop_database(name)


def test_a_file_comes_back_into_an_empty_folder(shop: Shop, copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "data"
    ended = shop.run("restore", str(copy), "--json", DATA_DIR=str(other))
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {"place": str(other / FILE), "work": 1, "receipts": 1}
    assert stat.S_IMODE((other / FILE).stat().st_mode) == 0o600
    assert sorted(path.name for path in other.iterdir()) == [FILE, f"{FILE}.lock"]
    shown = shop.run("orders", "show", "A-1", "--json", DATA_DIR=str(other))
    assert shown.json["order"]["order_id"] == "A-1"
    assert copy.exists()


def test_it_says_what_it_did_and_what_comes_next(shop: Shop, copy: Path, tmp_path: Path) -> None:
    ended = shop.run("restore", str(copy), DATA_DIR=str(tmp_path / "new"), APP_LANG="es")
    assert "1 pedidos y publicaciones, 1 avisos" in ended.out
    assert "Inicie el servicio" in ended.out


@pytest.mark.parametrize("left", [FILE, f"{FILE}-wal", f"{FILE}-shm"])
def test_a_folder_with_a_journal_or_the_rest_of_one_is_left_alone(
    shop: Shop, copy: Path, tmp_path: Path, left: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / left).write_bytes(b"precious")
    ended = shop.run("restore", str(copy), DATA_DIR=str(other))
    assert ended.code == 1
    assert "There is data in" in ended.err
    assert "DATA_DIR" in ended.err
    assert (other / left).read_bytes() == b"precious"
    assert {path.name for path in other.iterdir()} == {left, f"{FILE}.lock"}


def test_a_folder_that_is_served_is_left_alone(shop: Shop, copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    lock = FileLock(other / f"{FILE}.lock")
    lock.take()
    try:
        ended = shop.run("restore", str(copy), DATA_DIR=str(other))
    finally:
        lock.release()
    assert ended.code == 1
    assert "in use by process" in ended.err
    assert not (other / FILE).exists()


def damaged(copy: Path) -> bytes:
    """A page in the middle is gone."""
    content = bytearray(copy.read_bytes())
    content[4096:8192] = bytes(4096)
    return bytes(content)


def newer(copy: Path) -> bytes:
    connection = sqlite3.connect(copy)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    return copy.read_bytes()


def foreign(copy: Path) -> bytes:
    copy.unlink()
    connection = sqlite3.connect(copy)
    connection.execute("CREATE TABLE cakes (flavour)")
    connection.commit()
    connection.close()
    return copy.read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (damaged, "damaged or incomplete"),
        (lambda copy: copy.read_bytes()[:-4096], "damaged or incomplete"),
        (newer, "newer orquestador"),
        (foreign, "is no copy"),
        (lambda _: b"", "is no copy"),
        (lambda _: b"text", "is no copy"),
        (lambda _: gzip.compress(b"{}\n"), "is no copy"),
    ],
    ids=["damaged", "cut", "newer", "foreign", "empty", "text", "of MongoDB"],
)
def test_a_file_that_will_not_do_writes_nothing(
    shop: Shop, copy: Path, tmp_path: Path, change: object, words: str
) -> None:
    assert callable(change)
    copy.write_bytes(change(copy))
    other = tmp_path / "other"
    ended = shop.run("restore", str(copy), DATA_DIR=str(other))
    assert ended.code == 1
    assert words in ended.err
    assert "→" in ended.err
    assert [path.name for path in other.iterdir()] == [f"{FILE}.lock"]


def test_a_file_that_is_not_there_is_wrong_usage(shop: Shop, tmp_path: Path) -> None:
    ended = shop.run("restore", str(tmp_path / "nothing"))
    assert ended.code == 2
    assert "does not exist" in ended.err


def test_every_refusal_has_words() -> None:
    codes = [f"restore.{problem.value}" for problem in CopyProblem]
    assert [code for code in codes if not (has(code) and has(f"{code}.do"))] == []


def test_a_dump_comes_back_into_an_empty_database_and_into_no_other(
    shop: Shop, tmp_path: Path, database: str
) -> None:
    dump = tmp_path / "dump.gz"

    async def make() -> None:
        journal = await MongoJournal.open(database, SystemClock())
        await journal.set_meta("colour", "green")
        await journal.backup(str(dump))
        await journal.close()

    asyncio.run(make())
    name = database.rpartition("/")[2]
    refused = shop.run("restore", str(dump), MONGODB_URI=database)
    assert refused.code == 1
    assert f"There is data in {name} already" in refused.err

    with MongoClient[dict[str, Any]](database) as client:
        client.drop_database(name)
    ended = shop.run("restore", str(dump), "--json", MONGODB_URI=database)
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {"place": name, "work": 0, "receipts": 0}

    async def read() -> object:
        journal = await MongoJournal.open(database, SystemClock())
        colour = await journal.get_meta("colour")
        await journal.close()
        return colour

    assert asyncio.run(read()) == "green"


def test_a_dump_that_is_cut_or_of_sqlite_writes_nothing(
    shop: Shop, copy: Path, tmp_path: Path, database: str
) -> None:
    refused = shop.run("restore", str(copy), MONGODB_URI=database)
    assert (refused.code, "is no copy" in refused.err) == (1, True)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b'{"format": "orquestador-journal"}\n' * 99)[:-9])
    refused = shop.run("restore", str(cut), MONGODB_URI=database)
    assert (refused.code, "damaged" in refused.err) == (1, True)
    with MongoClient[dict[str, Any]](database) as client:
        assert database.rpartition("/")[2] not in client.list_database_names()


@pytest.mark.parametrize(
    ("uri", "code", "words"),
    [
        ("mongodb://shop:hunter:2@127.0.0.1/shop", 2, "percent-encoded"),
        ("mongodb://shop:hunter2@127.0.0.1:1/shop", 1, "cannot be reached"),
    ],
    ids=["unusable", "away"],
)
def test_a_database_that_cannot_be_asked_is_told_without_its_password(
    shop: Shop, copy: Path, uri: str, code: int, words: str
) -> None:
    ended = shop.run("restore", str(copy), MONGODB_URI=uri)
    assert (ended.code, words in ended.err) == (code, True)
    assert "hunter" not in ended.err
