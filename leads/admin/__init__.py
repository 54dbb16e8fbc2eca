"""Pages of the admin about leads; one module for each topic."""

from leads.admin import board, imports, leads

__all__ = ["board", "imports", "leads"]
