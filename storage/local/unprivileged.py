"""The account that runs Postgres where root starts it, which Postgres itself refuses to run as.

The account then owns the data. Where it could not even reach the checkout (a 0700 home), it gets the one
capability to pass through directories, so that nobody's permissions are changed.
"""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from storage.errors import SetupFailed


def account() -> pwd.struct_passwd | None:
    """The account that runs Postgres for root; None where it is not root that asks.

    Raises:
        SetupFailed: there is no such account.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise SetupFailed("PostgreSQL does not run as root, and there is no account 'nobody' to run it as.")


def dropping_rights(folder: Path, binaries: Path) -> list[str]:
    """The command prefix that drops root's rights; empty where there are none to drop.

    Args:
        folder, binaries: what the account has to reach.

    Raises:
        SetupFailed: it cannot be done here.
    """
    runner = account()
    if runner is None:
        return []
    if shutil.which("setpriv") is None:
        raise SetupFailed("PostgreSQL does not run as root: start as another user, or install util-linux's setpriv.")
    # A server whose keeper was killed must end too; the kernel forgets that wish when the user changes,
    # so setpriv has to make it.
    ids = [f"--reuid={runner.pw_uid}", f"--regid={runner.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
    for capability in (None, "dac_read_search", "dac_override"):
        prefix = ["setpriv", *ids, *(_passing(capability) if capability else []), "--"]
        if _reaches(prefix, folder, binaries):
            return prefix
    raise SetupFailed(f"The account {runner.pw_name!r} that runs PostgreSQL for root cannot reach {folder}.")


def _passing(capability: str) -> list[str]:
    # initdb looks for postgres with access(2), which ignores an unprivileged user's capabilities but for this bit
    return [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup"]


def _reaches(prefix: list[str], folder: Path, binaries: Path) -> bool:
    # `test -x` would ask as the real user and not see the capability
    for probe in ([str(binaries / "postgres"), "--version"], ["ls", "-d", f"{folder}/."]):
        done = subprocess.run([*prefix, *probe], capture_output=True, check=False)  # noqa: S603 - ours
        if done.returncode != 0:
            return False
    return True
