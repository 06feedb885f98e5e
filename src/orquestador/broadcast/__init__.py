"""Broadcasts: who tells the readers of `GET /events` that something changed."""
