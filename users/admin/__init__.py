"""Pages of the admin about people: one module for each topic."""

from users.admin import dashboard, groups, ledger, people, privacy, sign_ins

__all__ = ["dashboard", "groups", "ledger", "people", "privacy", "sign_ins"]
