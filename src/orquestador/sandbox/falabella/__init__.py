"""A local Falabella Seller Center, in memory, with faults on request (docs/sandbox-falabella.md)."""
