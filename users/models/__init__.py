"""People, their sign-ins, and the ledger that all numbers come from."""

from users.models.badges import Badge, BadgeAward
from users.models.ledger import Contribution, ContributionTotal
from users.models.people import User
from users.models.preferences import NotificationPreference
from users.models.privacy import DataExport, Erasure
from users.models.sign_ins import LoginAttempt, TokenFamily
from users.models.statistics import UserStatistics
from users.models.tables import Export, UserImport

__all__ = [
    "Badge",
    "BadgeAward",
    "Contribution",
    "ContributionTotal",
    "DataExport",
    "Erasure",
    "Export",
    "LoginAttempt",
    "NotificationPreference",
    "TokenFamily",
    "User",
    "UserImport",
    "UserStatistics",
]
