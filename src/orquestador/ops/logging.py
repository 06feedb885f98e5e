"""Process logs: one event name and fields per line, for a person or a machine, redacted before written."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor

from orquestador.ops.redact import redact

LINE_MAX_CHARS = 16_384
_OURS = ("level", "logger", "timestamp", "trace_id")
# These write whole addresses, some with a secret in them, or repeat what our own entries say.
_QUIET = ("httpx2", "httpcore2", "uvicorn.access")


def configure(level: str = "info", style: Literal["auto", "console", "json"] = "auto") -> None:
    """Set up structlog and the standard library's logging for the whole process, on standard error.

    `auto` is readable text on a terminal, JSON anywhere else. Values bound with `structlog.contextvars`, such
    as the trace id of a request, are part of every line.
    """
    stream = sys.stderr
    console = style == "console" or (style == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.root.handlers[:] = [_handler(stream, console, shared)]
    logging.root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.WARNING)


def _handler(stream: TextIO, console: bool, shared: list[Processor]) -> logging.Handler:
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    return handler


def redacted(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: no secret and no personal data leaves in a line (promise P7)."""
    kept = {name: event[name] for name in _OURS if name in event}
    hidden = {name: value for name, value in event.items() if name.startswith("_")}
    shown = {n: v for n, v in event.items() if n not in kept and n not in hidden}
    clean = redact(shown, LINE_MAX_CHARS)
    assert isinstance(clean, dict)
    return {**clean, **kept, **hidden}
