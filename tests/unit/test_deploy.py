"""The files of deploy/ agree with the code: commands, settings, addresses; and they are careful themselves.

That the compose files follow the published schema, that the proxies load theirs and that the image's steps
run was tried by hand (docs/deploy.md, "What was tried"); here is what a change of the code could break.
"""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer.main
import yaml  # type: ignore[import-untyped]
from dotenv import dotenv_values

from orquestador.app.heartbeat import EVERY_S
from orquestador.cli import app
from orquestador.cli.errors import WRONG_USAGE
from orquestador.settings import Settings
from orquestador.settings.findings import known_names
from orquestador.web.api_status import router

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = ("orquestador.service", "orquestador-api.service", "orquestador-worker.service")
COMPOSES = ("compose.yaml", "compose.embedded.yaml")
STORES = {"compose.yaml": {"mongodb", "redis"}, "compose.embedded.yaml": set()}
NOT_OURS = {"PATH", "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK"}
"""Names of the environment that pip or the shell reads; those of Python begin with PYTHON."""
OPEN_TO_ALL = re.compile(r"^(?:/falabella/webhook|/odoo/webhook|/webhooks)/\*$")
GRACE_S = 30
"""More than a stop takes: requests get 5 s (app.serve), then the flows are cancelled and leases given up."""
BACKUPS = "/var/backups/orquestador"

COMMANDS: Any = typer.main.get_command(app)


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), without comments and with its continued lines joined."""
    lines = [line for line in text("Dockerfile").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    found = [line.split(maxsplit=1) for line in joined if line.strip()]
    return [(name, rest) for name, rest in found]


def of_last_stage(name: str) -> list[str]:
    stage: list[str] = []
    for instruction, rest in instructions():
        if instruction == "FROM":
            stage = []
        elif instruction == name:
            stage.append(rest)
    return stage


def assignments(rests: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for rest in rests for word in shlex.split(rest))


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text(name))
    return loaded


def services(name: str, *, ours: bool) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose(name)["services"]
    return {key: service for key, service in found.items() if ("build" in service) is ours}


def directives(unit: str) -> list[tuple[str, str]]:
    """The lines of a unit, in order; a name may repeat, which configparser refuses."""
    pairs = re.findall(r"^(\w+)=(.*)$", text(f"systemd/{unit}"), flags=re.MULTILINE)
    return [(name, value) for name, value in pairs]


def values(unit: str, directive: str) -> list[str]:
    return [value for name, value in directives(unit) if name == directive]


def started() -> Iterator[tuple[str, list[str]]]:
    """Every command line of ours that deploy/ starts, with where it stands."""
    yield "Dockerfile", json.loads(of_last_stage("CMD")[-1])
    for name in COMPOSES:
        for service in services(name, ours=True).values():
            yield name, service["command"]
    for unit in UNITS:
        program, *words = shlex.split(values(unit, "ExecStart")[0])
        assert program == "/opt/orquestador/.venv/bin/orquestador"
        yield unit, words


def configured() -> Iterator[tuple[str, dict[str, str]]]:
    """Every environment that deploy/ sets for us."""
    yield "Dockerfile", assignments([rest for name, rest in instructions() if name == "ENV"])
    for name in COMPOSES:
        for service in services(name, ours=True).values():
            yield name, service["environment"]
    for unit in UNITS:
        yield unit, assignments(values(unit, "Environment"))


def seconds(duration: str) -> int:
    match = re.fullmatch(r"(\d+)s?", duration)
    assert match is not None, duration
    return int(match[1])


@pytest.mark.parametrize(("where", "words"), list(started()))
def test_what_is_started_is_a_command_with_its_options(where: str, words: list[str]) -> None:
    command, *rest = words
    assert command in COMMANDS.commands, where
    # Parses as the command line would, and runs nothing.
    COMMANDS.commands[command].make_context(command, rest)


@pytest.mark.parametrize(("where", "environment"), list(configured()))
def test_what_is_set_is_a_setting_and_production_by_default(where: str, environment: dict[str, str]) -> None:
    ours = {name for name in environment if name not in NOT_OURS and not name.startswith("PYTHON")}
    assert ours <= known_names(), where
    assert environment["APP_ENV"] == "production", where


def test_the_image_runs_as_a_plain_user_and_is_started_without_a_shell() -> None:
    user = of_last_stage("USER")[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert json.loads(of_last_stage("ENTRYPOINT")[-1]) == ["orquestador"]
    assert of_last_stage("STOPSIGNAL") == ["SIGTERM"]


def test_the_image_installs_the_lock_by_hash_and_then_the_package_alone() -> None:
    installs = [json.loads(rest) for name, rest in instructions() if name == "RUN" and '"pip"' in rest]
    lock, package = (words[words.index("install") + 1 :] for words in installs)
    assert lock == ["--require-hashes", "-r", "requirements/runtime.txt"]
    assert package == ["--no-deps", "--no-build-isolation", "."]


def test_the_image_asks_an_address_that_exists_for_its_health() -> None:
    check = of_last_stage("HEALTHCHECK")[-1]
    program, option, code = json.loads(check.partition(" CMD ")[2])
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    paths = set(re.findall(r"'(/[\w/]+)'", code))
    assert paths == {"/health/live"}
    assert paths <= {getattr(route, "path", None) for route in router.routes}


def test_the_builder_sees_only_what_the_image_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_base_images_are_named_without_a_registry() -> None:
    images = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    images += [service["image"] for name in COMPOSES for service in compose(name)["services"].values()]
    assert [image for image in images if "/" in image or image.endswith(":latest")] == []
    assert len({image for image in images if image.startswith("python:")}) == 1


@pytest.mark.parametrize("name", COMPOSES)
def test_ports_are_published_to_this_machine_only_and_the_stores_not_at_all(name: str) -> None:
    for service in services(name, ours=True).values():
        for port in service.get("ports", []):
            host, _, inside = port.split(":")
            assert (host, inside) == ("127.0.0.1", service["environment"]["PORT"])
    for store in services(name, ours=False).values():
        assert "ports" not in store
        assert [n for n in store["networks"] if not compose(name)["networks"][n]["internal"]] == []


@pytest.mark.parametrize("name", COMPOSES)
def test_our_containers_may_do_nothing_but_their_work(name: str) -> None:
    for service in services(name, ours=True).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert seconds(service["stop_grace_period"]) > GRACE_S


def test_the_api_and_the_worker_wait_for_healthy_stores() -> None:
    stores = services("compose.yaml", ours=False)
    assert [name for name, store in stores.items() if "healthcheck" not in store] == []
    for service in services("compose.yaml", ours=True).values():
        waits = service["depends_on"]
        assert waits == {name: {"condition": "service_healthy"} for name in stores}


def test_the_stores_that_are_named_are_the_ones_beside_it() -> None:
    stores = services("compose.yaml", ours=False)
    mongodb, redis = stores["mongodb"]["command"], stores["redis"]["command"]
    replica_set = mongodb[mongodb.index("--replSet") + 1]
    assert f'_id: "{replica_set}"' in stores["mongodb"]["healthcheck"]["test"][-1]
    options = dict(zip(redis[1::2], redis[2::2], strict=True))
    assert (options["--appendonly"], options["--maxmemory-policy"]) == ("yes", "noeviction")
    for service in services("compose.yaml", ours=True).values():
        settings = Settings(**{k.lower(): v for k, v in service["environment"].items()})
        assert settings.mongodb_uri is not None
        assert settings.redis_url is not None
        mongodb_uri = urlsplit(settings.mongodb_uri.get_secret_value())
        assert (mongodb_uri.hostname, mongodb_uri.port, mongodb_uri.path) == (
            "mongodb",
            27017,
            "/orquestador",
        )
        assert mongodb_uri.query == f"replicaSet={replica_set}"
        assert urlsplit(settings.redis_url.get_secret_value()).hostname == "redis"


def test_the_embedded_shape_has_no_stores_whatever_the_env_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("MONGODB_URI=mongodb://elsewhere/\nREDIS_HOST=elsewhere\n")
    (service,) = services("compose.embedded.yaml", ours=True).values()
    # What Compose does with env_file and environment: the second wins, name by name.
    for name, value in {**dotenv_values(tmp_path / ".env"), **service["environment"]}.items():
        monkeypatch.setenv(name, str(value))
    settings = Settings()
    assert (settings.mongodb_uri, settings.redis_url, settings.redis_host) == (None, None, None)
    assert str(settings.data_dir) in [volume.split(":")[1] for volume in service["volumes"]]


def test_with_mongodb_our_containers_have_no_place_for_data() -> None:
    for service in services("compose.yaml", ours=True).values():
        assert "DATA_DIR" not in service["environment"]
        assert {volume.split(":")[1] for volume in service["volumes"]} == {BACKUPS}


def test_the_worker_is_asked_for_the_file_that_it_touches(tmp_path: Path) -> None:
    worker = compose("compose.yaml")["services"]["worker"]
    file = worker["command"][worker["command"].index("--heartbeat") + 1]
    assert any(file.startswith(mount.split(":")[0] + "/") for mount in worker["tmpfs"])
    kind, program, option, code = worker["healthcheck"]["test"]
    assert (kind, program, option) == ("CMD", "python", "-c")
    assert code.count(f'"{file}"') == 1
    beat = tmp_path / "beat"
    here = code.replace(f'"{file}"', repr(str(beat)))

    def healthy() -> bool:
        return subprocess.run([sys.executable, "-c", here], capture_output=True).returncode == 0

    assert not healthy()
    beat.touch()
    assert healthy()
    now = time.time()
    os.utime(beat, (now, now - 2 * EVERY_S))
    assert healthy(), "one beat that comes late is no illness"
    os.utime(beat, (now, now - 60.0))
    assert not healthy()


@pytest.mark.parametrize("name", COMPOSES)
def test_every_container_is_bounded_and_comes_back(name: str) -> None:
    found = compose(name)["services"]
    assert set(found) - set(services(name, ours=True)) == STORES[name]
    for service in found.values():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
        assert service["restart"] == "unless-stopped"
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", COMPOSES)
def test_every_volume_is_declared_and_the_image_gives_ours_an_owner(name: str) -> None:
    whole = compose(name)
    mounts = {m for service in whole["services"].values() for m in service["volumes"]}
    named = {source: target for source, target, *_ in (m.split(":") for m in mounts) if "/" not in source}
    assert set(named) == set(whole["volumes"])
    made = [rest for rest in of_last_stage("RUN") if "install -d -o orquestador" in rest]
    ours = {m.split(":")[1] for s in services(name, ours=True).values() for m in s["volumes"]}
    assert ours <= set(made[0].split())


def test_with_passwords_the_stores_run_as_without_them() -> None:
    """compose.auth.yaml replaces the commands, so it has to repeat them."""
    plain, secured = compose("compose.yaml")["services"], compose("compose.auth.yaml")["services"]
    assert secured.keys() == plain.keys()
    for name, more in (("mongodb", {"--keyFile", "/tmp/key"}), ("redis", {"/tmp/redis.conf"})):
        *_, last = secured[name]["command"][0].strip().splitlines()
        started = shlex.split(last)
        assert started[:2] == ["exec", "docker-entrypoint.sh"]
        assert [word for word in started[2:] if word not in more] == plain[name]["command"]
        assert "$" not in json.dumps(secured[name]).replace("$$", ""), "Compose would expand it"
    initiated = [
        re.findall(r"rs\.initiate\((.+?)\)", file["mongodb"]["healthcheck"]["test"][-1])[0]
        for file in (plain, secured)
    ]
    assert initiated[0] == initiated[1]


def test_the_passwords_are_made_once_and_are_those_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "deploy" / "secrets"
    made.mkdir(parents=True)
    script = tmp_path / "deploy" / "make-secrets"
    shutil.copy(DEPLOY / "make-secrets", script)

    def run() -> dict[str, str]:
        subprocess.run([script], check=True, stdout=subprocess.DEVNULL)
        return {path.name: path.read_text(encoding="utf-8").strip() for path in made.iterdir()}

    secrets = run()
    assert run() == secrets
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()} == {0o644}

    assert set(compose("compose.auth.yaml")["secrets"]) == set(secrets)
    passwords = {value for name, value in secrets.items() if name.endswith("_password")}
    assert len(passwords) == 3
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in passwords)

    # The addresses are those of compose.yaml, with the user that the health check makes.
    api, plain = (
        compose(name)["services"]["api"]["environment"] for name in ("compose.auth.yaml", "compose.yaml")
    )
    for name, value in {**plain, **api}.items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(made)))
    settings = Settings()
    assert settings.mongodb_uri is not None
    assert settings.redis_url is not None
    for uri, name, user, password in (
        (settings.mongodb_uri, "MONGODB_URI", "orquestador", secrets["mongodb_password"]),
        (settings.redis_url, "REDIS_URL", "", secrets["redis_password"]),
    ):
        assert uri.get_secret_value() == plain[name].replace("://", f"://{user}:{password}@")


def test_a_secret_is_given_to_whom_it_concerns_and_never_committed() -> None:
    whole = compose("compose.auth.yaml")
    assert whole["secrets"] == {name: {"file": f"secrets/{name}"} for name in whole["secrets"]}
    for name, service in whole["services"].items():
        content = json.dumps(service).replace('\\"', '"')
        named = re.findall(r'/run/secrets/(\w+)|secret\("(\w+)"\)', content)
        assert {a or b for a, b in named} == set(service["secrets"]), name
    ignored = (DEPLOY / "secrets" / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignored if not line.startswith("#")] == ["*", "!.gitignore"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_hardened_restarts_and_waits_for_the_graceful_stop(unit: str) -> None:
    for directive, value in {
        "User": "orquestador",
        "NoNewPrivileges": "true",
        "ProtectSystem": "strict",
        "ProtectHome": "true",
        "StateDirectoryMode": "0700",
        "UMask": "0077",
        "CapabilityBoundingSet": "",
        "Restart": "always",
        "RestartPreventExitStatus": str(WRONG_USAGE),
    }.items():
        assert values(unit, directive) == [value], directive
    assert seconds(values(unit, "TimeoutStopSec")[0]) > GRACE_S
    # What it may write is what it is told to write to.
    data = assignments(values(unit, "Environment"))["DATA_DIR"]
    assert data == f"/var/lib/{values(unit, 'StateDirectory')[0]}"
    assert values(unit, "ReadWritePaths") == [f"-{BACKUPS}"]


def test_the_units_differ_in_what_they_are_and_in_nothing_else() -> None:
    own = {"Description", "Conflicts", "ExecStart"}
    first, *others = ([pair for pair in directives(unit) if pair[0] not in own] for unit in UNITS)
    assert [rest for rest in others if rest != first] == []


def test_the_proxies_let_through_webhooks_only_and_say_that_they_are_proxies() -> None:
    caddy, nginx = text("proxy/Caddyfile"), text("proxy/nginx.conf")
    matched = re.search(r"@webhooks path (.+)", caddy)
    assert matched is not None
    paths = matched[1].split()
    assert [path for path in paths if not OPEN_TO_ALL.match(path)] == []
    location = re.search(r"location ~ \^/\((.+)\)/ ", nginx)
    assert location is not None
    assert {f"/{prefix}/*" for prefix in location[1].split("|")} == set(paths)
    # Caddy adds the header by itself; without it, everybody would look like this machine (web.local).
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "access_log off;" in nginx


def test_the_page_names_commands_and_files_that_exist() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    named = set(re.findall(r"orquestador ([a-z][a-z-]+)", "\n".join(re.findall(r"`+[^`]+`+", page))))
    named |= set(re.findall(r"compose run --rm (?:api|worker|orquestador) ([a-z-]+)", page))
    assert {"api", "worker", "up", "backup", "restore"} <= named
    assert named - {unit.removesuffix(".service") for unit in UNITS} - set(COMMANDS.commands) == set()
    files = set(re.findall(r"\]\(\.\./(deploy/[^)#]+)\)", page))
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert {f"deploy/{name}" for name in COMPOSES} | {f"deploy/systemd/{unit}" for unit in UNITS} <= files


def test_no_secret_is_written_down() -> None:
    for path in (path for path in DEPLOY.rglob("*") if path.is_file()):
        content = path.read_text(encoding="utf-8")
        named = re.findall(r"\b\w*(?:SECRET|PASSWORD|API_KEYS?|TOKEN)\w*(?<!_FILE)\s*[:=]\s*\S+", content)
        assert named == [], path.name
        assert re.findall(r"://[^/\s:@]+:[^/\s@]+@", content) == [], path.name
    for name in COMPOSES:
        assert {service["env_file"] for service in services(name, ours=True).values()} == {"../.env"}
