"""Orquestador keeps the stock of marketplaces and of the Odoo ERP in step, in real time."""

__version__ = "0.1.0"
