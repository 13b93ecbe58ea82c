"""PostgreSQL refuses to run as root: which user its programs run as instead."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from pgrefit.errors import ServerUnsuitable

OWN_USER = "pgrefit"
KNOWN_USERS = (OWN_USER, "postgres")


def unprivileged_user() -> pwd.struct_passwd | None:
    """The user that server programs run as; None when we are not root and simply run them."""
    if os.geteuid() != 0:
        return None
    return _known_user() or _made_user()


def hand_over(path: Path, user: pwd.struct_passwd | None) -> None:
    """Give a path to that user."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _known_user() -> pwd.struct_passwd | None:
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return next((accounts[name] for name in KNOWN_USERS if name in accounts), None)


def _made_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd:
        argv = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OWN_USER]
        subprocess.run(argv, capture_output=True, check=False)
    made = _known_user()
    if made is None:
        raise ServerUnsuitable(
            "PostgreSQL refuses to run as root, and no other user could be made",
            next_step=f"run pgrefit as another user, or create a system user named {OWN_USER}",
        )
    return made
