"""Pages of the admin about people: one module for each topic."""

from users.admin import groups, ledger, people, sign_ins

__all__ = ["groups", "ledger", "people", "sign_ins"]
