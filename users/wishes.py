"""What people do not want to be told by mail."""

from users.models import User
from users.querysets import UserQuerySet


def unwanted(kind: str) -> UserQuerySet:
    """People who switched mails of this kind off: the one place that knows of preferences."""
    return User.objects.none()
