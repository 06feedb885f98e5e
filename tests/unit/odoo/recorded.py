"""The recorded answers of real servers, as the HTTP answers they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data"
VERSIONS = (17, 18, 19)
TRACE = "Traceback (most recent call last):\n  File secret-debug"


def recorded(version: int, *apis: str) -> list[dict[str, Any]]:
    lines = (DATA / f"odoo-{version}.jsonl").read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["api"] in apis]


def body_of(case: dict[str, Any]) -> Any:
    """What the answer of a recorded call consisted of; its trace is made up."""
    fault = case.get("error")
    if case["api"] == "json2":
        return _traced(fault) if fault else case["answer"]
    if case["api"] == "http":
        return case["answer"]
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
    if fault:
        body["error"] = {**fault, "data": _traced(fault["data"])}
    elif not case.get("result_key_absent"):
        body["result"] = case["answer"]
    return body


def fault_name(case: dict[str, Any]) -> str:
    error = case["error"]
    return str(error["name"] if case["api"] == "json2" else error["data"]["name"])


def _traced(fault: dict[str, Any]) -> dict[str, Any]:
    traced = {key: value for key, value in fault.items() if key != "debug_last_line"}
    return {**traced, "debug": TRACE} if "debug_last_line" in fault else traced
