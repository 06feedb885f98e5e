"""Which models and fields one Odoo series has."""

from __future__ import annotations

from orquestador.sandbox.odoo.env import COMMON
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import (
    accounts,
    base,
    inventory,
    kits,
    lines,
    locations,
    moves,
    pickings,
    products,
    sales,
    uoms,
)
from orquestador.sandbox.odoo.orm import Model
from orquestador.sandbox.odoo.store import Database, Table

VERSIONS = (17, 18, 19)
_MODELS: tuple[type[Model], ...] = (
    base.ResCompany,
    base.ResPartner,
    base.ResGroups,
    base.ResUsers,
    base.ResUsersApikeys,
    base.IrModel,
    base.IrModelFields,
    base.IrModelData,
    base.IrModule,
    base.IrConfigParameter,
    base.IrActionsActions,
    base.IrActionsServer,
    base.BaseAutomation,
    accounts.AccountTax,
    accounts.ResCurrency,
    accounts.DecimalPrecision,
    locations.StockLocation,
    locations.StockWarehouse,
    locations.StockPickingType,
    uoms.UomUom,
    products.ProductTemplate,
    products.ProductProduct,
    kits.MrpBom,
    kits.MrpBomLine,
    inventory.StockLot,
    inventory.StockQuant,
    moves.StockMove,
    lines.StockMoveLine,
    pickings.StockPicking,
    sales.SaleOrder,
    sales.SaleOrderLine,
)


class Registry:
    """The models of one version, each with the fields that version declares."""

    def __init__(self, version: int) -> None:
        if version not in VERSIONS:
            raise ValueError(
                f"version {version} is not simulated; take one of {', '.join(map(str, VERSIONS))}"
            )
        self.version = version
        self.models: dict[str, type[Model]] = {model.name: model for model in _MODELS}
        self.fields: dict[str, dict[str, Field]] = {
            model.name: {
                name: field
                for name, field in (COMMON | model.fields).items()
                if field.since <= version <= field.until
            }
            for model in _MODELS
        }

    def empty_database(self) -> Database:
        """A database with no rows."""
        tables = {
            model.name: Table(
                [name for name, field in self.fields[model.name].items() if field.index], model.first_id
            )
            for model in _MODELS
        }
        return Database(tables)
