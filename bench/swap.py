"""Another part in the place of one of ours, in a process of a bench: never a setting of the service."""

from __future__ import annotations

from types import ModuleType


def swap(module: ModuleType, name: str, other: object) -> None:
    """Whoever uses `name` of this module from now on gets the other. Raises AttributeError for a name that
    it no longer has: the bench would measure the service beside itself."""
    getattr(module, name)
    setattr(module, name, other)
