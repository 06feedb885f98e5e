"""Marketplace adapters: one folder per kind of channel, all behind the `Channel` port."""
