"""People, their sign-ins, and the ledger that all numbers come from."""

from users.models.ledger import Contribution, ContributionTotal
from users.models.people import User
from users.models.sign_ins import LoginAttempt, TokenFamily
from users.models.tables import Export, UserImport

__all__ = [
    "Contribution",
    "ContributionTotal",
    "Export",
    "LoginAttempt",
    "TokenFamily",
    "User",
    "UserImport",
]
