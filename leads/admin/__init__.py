"""Pages of the admin about leads; one module for each topic."""

from leads.admin import board, imports, leads, whatsapp

__all__ = ["board", "imports", "leads", "whatsapp"]
