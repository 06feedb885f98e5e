"""Which engines a demo runs on, what it calls its own there, and what people see of the addresses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orquestador.demo.child import GO
from orquestador.demo.engines import Engines, find_engines, new_name, shown, with_database
from orquestador.model.errors import InvalidSetting
from orquestador.settings.model import Settings


@pytest.mark.parametrize(
    ("uri", "own"),
    [
        ("mongodb://localhost:27017/shop", "mongodb://localhost:27017/own"),
        ("mongodb://localhost", "mongodb://localhost/own"),
        ("mongodb://localhost/?w=1", "mongodb://localhost/own?w=1"),
        ("mongodb://a:1,b:2/shop?replicaSet=rs0", "mongodb://a:1,b:2/own?replicaSet=rs0"),
        ("mongodb://u:p@a/shop?w=1", "mongodb://u:p@a/own?w=1&authSource=shop"),
        ("mongodb://u:p@a/", "mongodb://u:p@a/own?authSource=admin"),
        ("mongodb://u:p@a", "mongodb://u:p@a/own?authSource=admin"),
        ("mongodb://u:p@a/shop?AuthSource=x", "mongodb://u:p@a/own?AuthSource=x"),
        ("mongodb://u:p#/q@a/shop", "mongodb://u:p#/q@a/own?authSource=shop"),
        ("mongodb+srv://u:p@a/shop?authSource=x", "mongodb+srv://u:p@a/own?authSource=x"),
        ("mongodb+srv://u:p@a/shop", "mongodb+srv://u:p@a/own"),
        ("mongodb://CN=u@a/?authMechanism=MONGODB-X509", "mongodb://CN=u@a/own?authMechanism=MONGODB-X509"),
        (
            "mongodb://u:p@a/ldap?authMechanism=PLAIN",
            "mongodb://u:p@a/own?authMechanism=PLAIN&authSource=ldap",
        ),
    ],
)
def test_a_database_server_is_used_with_a_database_of_the_demos_own(uri: str, own: str) -> None:
    assert with_database(uri, "own") == own


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("mongodb://u:hunter2@a:1,b:2/shop?authSource=x", "a:1,b:2"),
        ("mongodb+srv://u:hunter2@cluster.example.com/shop", "cluster.example.com"),
        ("mongodb://u:hunter/2@a/shop", "a"),
        ("mongodb://u:hunter#2@a/shop", "a"),
        ("mongodb://u:hunt@er2@a/shop", "a"),
        ("mongodb://u:hunter?2@a/shop", "***"),
        ("mongodb://u:hunt@er?2@a/shop", "***"),
        ("redis://:hunter2@a:6379/0", "a:6379"),
        ("rediss://u:hunter2@a:6379/3", "a:6379/3"),
        ("redis://a:6379/0?password=hunter2", "a:6379"),
        ("unix://u:hunter2@/run/redis.sock?db=1", "/run/redis.sock"),
    ],
)
def test_addresses_are_shown_without_user_and_password(address: str, seen: str) -> None:
    assert shown(address) == seen
    engines = Engines(new_name(), mongodb=address, redis=address)
    assert "hunt" not in repr(engines)


def test_redis_without_mongodb_is_not_used_and_that_is_known() -> None:
    engines = find_engines(
        {"REDIS_URL": "redis://a", "REDIS_HOST": "", "ODOO_URL": "https://shop.example.com"}
    )
    assert (engines.mongodb, engines.redis, engines.unused) == (None, None, ("REDIS_URL",))
    assert engines.settings == {}
    assert find_engines({}).unused == ()


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"MONGODB_URI": "db.example.com"}, "MONGODB_URI"),
        ({"MONGODB_URI": "mongodb://u:hun%zzter2@127.0.0.1:x/shop"}, "MONGODB_URI"),
        ({"MONGODB_URI": "mongodb://u:hunter2?@127.0.0.1/shop"}, "MONGODB_URI"),
        ({"MONGODB_URI": "mongodb://127.0.0.1", "REDIS_URL": "http://hunter2"}, "REDIS_URL"),
        ({"MONGODB_URI": "mongodb://127.0.0.1", "REDIS_URL": "redis://:hunter/2@127.0.0.1"}, "REDIS_URL"),
        ({"MONGODB_URI": "mongodb://127.0.0.1", "REDIS_URL": "redis://:12/hunter2@127.0.0.1"}, "REDIS_URL"),
        ({"MONGODB_URI": "mongodb://127.0.0.1", "REDIS_HOST": "a", "REDIS_PORT": "x"}, "REDIS_PORT"),
        ({"MONGODB_URI_FILE": "/nowhere/hunter"}, "MONGODB_URI_FILE"),
    ],
)
def test_an_address_that_no_driver_can_use_is_told_by_the_name_of_its_setting(
    environment: dict[str, str], name: str
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        find_engines(environment)
    assert refused.value.name == name
    assert "hunter2" not in str(refused.value)


def test_the_name_fits_the_prefix_and_the_keys_are_below_it() -> None:
    engines = Engines(name := new_name(), mongodb=f"mongodb://localhost/{new_name()}")
    assert Settings(_env_file=None, prefix=name).prefix == name
    assert engines.namespace.endswith(f":{name}")
    assert engines.namespace.startswith("orquestador:orquestador_demo_")


@pytest.mark.parametrize("name", ["shop", "", "orquestador", "orquestador_dem"])
def test_nothing_is_removed_that_is_not_a_demos(name: str) -> None:
    # Port 9 is nobody's: it must not even be asked.
    with pytest.raises(ValueError, match="not a demo's"):
        Engines(name, mongodb="mongodb://127.0.0.1:9/shop", redis="redis://127.0.0.1:9/0").remove()


@pytest.mark.parametrize(("word", "out"), [(b"", ""), (b"no", ""), (GO, "orquestador ")])
def test_a_process_that_its_parent_does_not_know_never_starts(word: bytes, out: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orquestador.demo.child", str(os.getpid()), "version"]
    ran = subprocess.run(command, input=word, capture_output=True, cwd=tmp_path, check=True)
    assert ran.stdout.decode().startswith(out)
    assert bool(ran.stdout) == bool(out)
