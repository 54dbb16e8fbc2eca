"""Pages of the admin about people: one module for each topic."""

from users.admin import (dashboard, exports, groups, imports, ledger, people, privacy, sign_ins)

__all__ = ["dashboard", "exports", "groups", "imports", "ledger", "people", "privacy", "sign_ins"]
