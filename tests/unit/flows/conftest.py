"""Fixtures of the flows' tests."""

from tests.unit.flows.test_push import shop

__all__ = ["shop"]
