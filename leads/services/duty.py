# PLACEHOLDER
"""Who is on duty."""

from users.models import User


def on_duty() -> list[User]:
    return list(User.objects.filter(duty__is_on=True))
