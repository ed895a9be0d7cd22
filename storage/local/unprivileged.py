"""Run Postgres as an unprivileged account where root starts it, because Postgres refuses to run as root.

The account owns the data. Where it could not reach the checkout (a 0700 home), it gets the one capability to pass
through directories, so that no permissions have to be changed.
"""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from storage.errors import SetupFailed


def postgres_account() -> pwd.struct_passwd | None:
    """The account that runs Postgres for root; None where this process is not root.

    Raises:
        SetupFailed: there is no such account.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise SetupFailed("PostgreSQL does not run as root, and there is no account 'nobody' to run it as.")


def drop_privileges_command(folder: Path, binaries: Path) -> list[str]:
    """The command prefix that drops root's privileges; empty where there are none to drop.

    Args:
        folder, binaries: what the account has to reach.

    Raises:
        SetupFailed: the privileges cannot be dropped here.
    """
    account = postgres_account()
    if account is None:
        return []
    if shutil.which("setpriv") is None:
        raise SetupFailed("PostgreSQL does not run as root: start as another user, or install util-linux's setpriv.")
    # A server whose supervisor was killed must end too; the kernel resets that signal when the user changes, so setpriv
    # has to set it.
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
    for capability in (None, "dac_read_search", "dac_override"):
        prefix = ["setpriv", *ids, *(_with_capability(capability) if capability else []), "--"]
        if _can_reach(prefix, folder, binaries):
            return prefix
    raise SetupFailed(f"The account {account.pw_name!r} that runs PostgreSQL for root cannot reach {folder}.")


def _with_capability(capability: str) -> list[str]:
    # initdb looks for postgres with access(2), which ignores an unprivileged user's capabilities without this bit
    return [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup"]


def _can_reach(prefix: list[str], folder: Path, binaries: Path) -> bool:
    # `test -x` would ask as the real user and not see the capability
    for probe in ([str(binaries / "postgres"), "--version"], ["ls", "-d", f"{folder}/."]):
        done = subprocess.run([*prefix, *probe], capture_output=True, check=False)  # noqa: S603 - ours
        if done.returncode != 0:
            return False
    return True
