"""As whom PostgreSQL runs: it refuses to be root, so for root, and only for it, that changes."""

import functools
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.refusal import Refusal


@dataclass(frozen=True)
class Identity:
    """What to write before a command, and whose its files must then be."""

    prefix: tuple[str, ...]
    owner: int


@functools.cache
def of_postgres() -> Identity:
    """Ourselves; for root a user namespace, else the user `nobody`. No user is ever made."""
    if os.geteuid() != 0:
        return Identity((), os.geteuid())
    nobody = pwd.getpwnam("nobody")
    for identity in (_namespace(), _other_user(nobody.pw_uid, nobody.pw_gid)):
        if identity and _works(identity):
            return identity
    raise Refusal(
        "PostgreSQL does not run as root, and here neither `unshare` nor `setpriv` can give it "
        "another identity: "
        "start as a normal user, or set DATABASE_URL to a server of your own."
    )


def _namespace() -> Identity | None:
    """Seen from inside we are user 1000, seen from outside still root, so no file changes hands."""
    tool = shutil.which("unshare")
    return Identity((tool, "--user", "--map-user=1000", "--map-group=1000"), 0) if tool else None


def _other_user(user: int, group: int) -> Identity | None:
    """`nobody`, who must pass through folders that only root may enter: hence the capability."""
    tool = shutil.which("setpriv")
    if tool is None:
        return None
    become = (f"--reuid={user}", f"--regid={group}", "--clear-groups")
    passing = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    # Without this, access(2) would not look at the capability.
    looking = "--securebits=+no_setuid_fixup"
    return Identity((tool, *become, looking, *passing), user)


def _works(identity: Identity) -> bool:
    trial = subprocess.run([*identity.prefix, "true"], capture_output=True, check=False)
    return trial.returncode == 0


def hand_over(folder: Path, owner: int) -> None:
    """Give the folder and all in it to the owner, if it is another's."""
    if not folder.exists() or folder.stat().st_uid == owner:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(parent, name), owner, -1)
    # Last, so that an interrupted hand-over is taken up again.
    os.lchown(folder, owner, -1)
