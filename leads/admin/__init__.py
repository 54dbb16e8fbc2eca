"""Pages of the admin about leads: one module for each topic."""

from leads.admin import bulk, duty, leads, sequences

__all__ = ["bulk", "duty", "leads", "sequences"]
