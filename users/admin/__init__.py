"""Pages of the admin about people: one module for each topic."""

from users.admin import groups, ledger, people, privacy, sign_ins

__all__ = ["groups", "ledger", "people", "privacy", "sign_ins"]
