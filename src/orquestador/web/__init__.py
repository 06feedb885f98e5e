"""HTTP: the webhooks (a small ASGI application of their own) and, behind it, the operator's API."""
