"""Odoo 15 to 19 by its public APIs, without a module of ours inside (facts: odoo.md)."""

from orquestador.erp.odoo.adapter import OdooErp
from orquestador.erp.odoo.config import OdooSettings

__all__ = ["OdooErp", "OdooSettings"]
