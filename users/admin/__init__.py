"""Pages of the admin about people: one module for each topic."""

from users.admin import badges, groups, ledger, people, sign_ins

__all__ = ["badges", "groups", "ledger", "people", "sign_ins"]
