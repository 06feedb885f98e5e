"""The file of a heartbeat is young while nothing is missing, and gone with the process."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orquestador.app.heartbeat import heartbeat
from tests.fakes.wait import eventually


def age(file: Path) -> None:
    os.utime(file, (0, 0))


def is_old(file: Path) -> bool:
    return file.stat().st_mtime == 0


async def test_it_is_there_from_the_start_beats_and_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    async with heartbeat(file, lambda: (), every_s=0.001):
        assert file.exists()
        age(file)
        await eventually(lambda: not is_old(file))
    assert not file.exists()


async def test_it_stops_while_a_loop_is_missing_says_so_once_and_goes_on(tmp_path: Path) -> None:
    file, missing, looks = tmp_path / "beat", ["push:falabella"], 0

    def look() -> list[str]:
        nonlocal looks
        looks += 1
        return missing

    with capture_logs() as lines:
        async with heartbeat(file, look, every_s=0.001):
            age(file)
            await eventually(lambda: looks > 5)
            assert is_old(file)
            missing = []
            await eventually(lambda: not is_old(file))
    assert [(line["event"], line["reason"]) for line in lines] == [("heartbeat_stops", "push:falabella")]


async def test_it_stops_while_the_loop_of_events_hangs(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    async with heartbeat(file, lambda: (), every_s=0.001):
        age(file)
        # Nothing else runs meanwhile: as long as this does not give way, there is no beat.
        assert all(is_old(file) for _ in range(1000))
        await eventually(lambda: not is_old(file))


async def test_a_file_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with capture_logs() as lines:
        async with heartbeat(folder / "beat", lambda: (), every_s=0.001):
            (folder / "beat").unlink()
            folder.rmdir()
            await eventually(lambda: bool(lines))
            folder.mkdir()
            await eventually((folder / "beat").exists)
    assert [line["event"] for line in lines] == ["heartbeat_stops"]


async def test_a_folder_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with heartbeat(tmp_path / "no" / "beat", lambda: ()):
            pass


async def test_without_a_file_there_is_no_task() -> None:
    before = asyncio.all_tasks()
    async with heartbeat(None, lambda: ["everything"]):
        assert asyncio.all_tasks() == before
