"""What a check found, and what we registered elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `doctor` or readiness. `code` selects the text, `facts` fill it in."""

    code: str
    level: str
    """ok | warning | error"""
    facts: Mapping[str, object] = field(default_factory=dict)
    stops: str | None = None
    """The flow that this finding stops (`erp`, or a channel id); None = none."""


@dataclass(frozen=True, slots=True)
class Registration:
    """Something of ours on the other side: a webhook, unless `kind` says otherwise."""

    id: str
    url: str
    events: tuple[str, ...]
    ours: bool = field(default=True, compare=False)
    """This installation made it; others' are shown, and never removed."""
    kind: str = "webhook"
    """webhook | action (code of ours that the other side runs)"""


@dataclass(frozen=True, slots=True)
class RegistrationChange:
    """A registration, and what had to be done for it."""

    entry: Registration
    change: Literal["created", "updated", "unchanged"]
