"""ERP adapters: where the stock truth lives."""
