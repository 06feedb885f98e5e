"""What measures speed: `python -m bench.ack`, `bench.orders`, `bench.footprint` (docs/benchmarks.md)."""
