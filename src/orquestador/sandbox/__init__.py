"""Faithful local simulators of the upstream systems, with faults on request."""
