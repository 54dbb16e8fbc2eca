"""What apps above accounts do when a person's data is erased; each says so in AppConfig.ready:

    erasing.register(check=..., forget=...)

Both run within the erasure's transaction, with the person's row locked. `check` may refuse by a
DomainError; `forget` takes back what is to come and deletes or empties what tells of the person.
"""

from collections.abc import Callable

from users.models import User

Step = Callable[[User], None]

_checks: list[Step] = []
_forgetting: list[Step] = []


def register(*, check: Step, forget: Step) -> None:
    _checks.append(check)
    _forgetting.append(forget)


def check(user: User) -> None:
    for step in _checks:
        step(user)


def forget(user: User) -> None:
    for step in _forgetting:
        step(user)
