"""The Odoo models the sandbox knows, one file per subject."""
