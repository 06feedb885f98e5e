"""Who died here is known at once; of everybody else nothing is."""

from __future__ import annotations

import subprocess
import sys

from orquestador.app.host import died_here, owner_name

TELL = "from orquestador.app.host import owner_name; print(owner_name())"


def test_a_process_that_ended_here_has_died_and_this_one_lives() -> None:
    child = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    gone = child.stdout.strip()
    assert died_here(gone)
    assert not died_here(owner_name())


def test_of_owners_elsewhere_nothing_is_known() -> None:
    child = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    host, pid, token = child.stdout.strip().rsplit("-", 2)
    elsewhere = [f"other-{pid}-{token}", f"{host}-{pid}-ffffff{token[6:]}", f"{host}-{pid}"]
    strange = ["", "worker", f"{host}--{token}", f"{host}-x-{token}", f"{host}-{10**30}-{token}"]
    assert [o for o in elsewhere + strange if died_here(o)] == []


def test_no_name_is_given_twice() -> None:
    assert owner_name() != owner_name()
