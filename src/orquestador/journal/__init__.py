"""Journal adapters: where receipts, work, jobs and budgets are kept."""
