"""Pages of the admin about people: one module for each topic."""

from users.admin import (
    badges,
    dashboard,
    exports,
    groups,
    imports,
    ledger,
    people,
    privacy,
    sign_ins,
)

__all__ = [
    "badges",
    "dashboard",
    "exports",
    "groups",
    "imports",
    "ledger",
    "people",
    "privacy",
    "sign_ins",
]
