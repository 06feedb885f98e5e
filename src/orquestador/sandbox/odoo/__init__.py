"""A local simulator of Odoo's external API, series 17, 18 and 19 (docs/sandbox-odoo.md)."""
