"""The picture that a person shows of themselves."""

from django.core.files.storage import default_storage
from django.db import transaction

from config import files
from config.images import Picture
from users.models import User
from users.services.accounts import AccountClosed, lock_account


def set_avatar(user: User, picture: Picture) -> User:
    """Store the file, then the name; the old file goes after the commit.

    Killed in between, a file stays that no row names, which `config.files.delete_orphans` finds.
    """
    name = default_storage.save("avatars/picture.jpg", picture.thumbnail())
    try:
        return _replace(user, name)
    except AccountClosed:
        default_storage.delete(name)
        raise


def remove_avatar(user: User) -> None:
    """Show none, and delete the file after the commit."""
    _replace(user, "")


@transaction.atomic
def _replace(user: User, name: str) -> User:
    """The lock lets the second of two at once see the file of the first, and delete it.

    Whoever was erased meanwhile gets no picture.
    """
    user = lock_account(user)
    files.delete_on_commit([user.avatar.name])
    user.avatar = name
    user.save(update_fields=["avatar"])
    return user
