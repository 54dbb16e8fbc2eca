"""The picture that a person shows of themselves."""

from django.core.files.storage import default_storage
from django.db import transaction

from config import files
from config.images import Picture
from users.models import User


def set_avatar(user: User, picture: Picture) -> User:
    """Store the file, then the name; the old file goes after the commit.

    Killed in between, a file stays that no row names, which `config.files.delete_orphans` finds.
    """
    return _replace(user, default_storage.save("avatars/picture.jpg", picture.thumbnail()))


def remove_avatar(user: User) -> None:
    """Show none, and delete the file after the commit."""
    _replace(user, "")


@transaction.atomic
def _replace(user: User, name: str) -> User:
    """The lock lets the second of two at once see the file of the first, and delete it."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    files.delete_on_commit([user.avatar.name])
    user.avatar = name
    user.save(update_fields=["avatar"])
    return user
