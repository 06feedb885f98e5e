"""What is declared, locked, explained and imported is the same set of packages."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0]) for requirement in requirements}


RUNTIME = names(PROJECT["project"]["dependencies"])
GROUPS = {group: names(requirements) for group, requirements in PROJECT["dependency-groups"].items()}


def locked(lock: str) -> set[str]:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return {normal(name) for name in re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)}


def test_each_lock_holds_what_pyproject_declares() -> None:
    assert locked("runtime.txt") >= RUNTIME | GROUPS["build"]
    assert locked("test.txt") >= RUNTIME | GROUPS["build"] | GROUPS["test"]
    assert locked("lock.txt") >= GROUPS["lock"]


@pytest.mark.parametrize("lock", ["runtime.txt", "test.txt", "lock.txt"])
def test_a_lock_pins_by_hash_and_names_no_index(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(
        r"://|^\s*-(-index-url|-extra-index-url|-find-links|i|f)\b", text, flags=re.MULTILINE
    )


def test_the_test_lock_adds_to_the_runtime_lock_and_changes_nothing_of_it() -> None:
    def pins(lock: str) -> set[str]:
        text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
        return set(re.findall(r"^[\w.-]+==[\w.+!-]+", text, flags=re.MULTILINE))

    assert pins("runtime.txt") <= pins("test.txt")


def test_each_dependency_is_explained() -> None:
    rows = re.findall(
        r"^\|(.+?)\|", (ROOT / "docs/dependencies.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    explained = names([name for row in rows for name in re.findall(r"`([^`]+)`", row)])
    assert RUNTIME.union(*GROUPS.values()) - explained == set()


def test_the_package_imports_only_what_it_declares() -> None:
    distributions = packages_distributions()
    used: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                used.add(node.module.split(".")[0])
    foreign = used - sys.stdlib_module_names - {"orquestador"}
    assert {normal(d) for name in foreign for d in distributions.get(name, [name])} - RUNTIME == set()
