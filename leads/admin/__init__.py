"""Pages of the admin about leads: one module for each topic."""

from leads.admin import knowledge

__all__ = ["knowledge"]
