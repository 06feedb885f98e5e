"""Falabella Seller Center (Chile, Peru, Colombia)."""

from orquestador.channels.falabella.channel import FalabellaChannel
from orquestador.channels.falabella.config import FalabellaConfig, OrderSource

__all__ = ["FalabellaChannel", "FalabellaConfig", "OrderSource"]
