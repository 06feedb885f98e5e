"""Queue adapters: they only wake workers."""
