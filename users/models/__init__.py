"""People, their sign-ins, and the ledger that all numbers come from."""

from users.models.ledger import Contribution, ContributionTotal
from users.models.people import User
from users.models.preferences import NotificationPreference
from users.models.privacy import DataExport, Erasure
from users.models.sign_ins import LoginAttempt, TokenFamily
from users.models.tables import Export, UserImport

__all__ = [
    "Contribution",
    "ContributionTotal",
    "DataExport",
    "Erasure",
    "LoginAttempt",
    "NotificationPreference",
    "TokenFamily",
    "User",
    "Export",
    "UserImport",
]
