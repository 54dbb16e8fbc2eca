"""Pages of the admin about leads; one module for each topic."""

from leads.admin import board, imports, knowledge, leads, whatsapp

__all__ = ["board", "imports", "knowledge", "leads", "whatsapp"]
