"""Caches: short-lived answers that may be forgotten at any moment."""
