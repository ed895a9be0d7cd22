"""Ask for known vulnerabilities of what is locked: findings fail, and so does a run that audited nothing.

python -m tests.support.audit LOCK…
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = ["pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "-r"]
OUT_OF_REACH = ("Could not connect", "ServiceError", "requests.exceptions.")
"""What pip-audit says, or ends with, where there is no way to the database."""
UNREACHED = (2, "The vulnerability database cannot be reached; nothing was audited.")
"""The exit code and what to tell where there was no way to the database."""


def verdict(code: int, report: str, said: str) -> tuple[int, str]:
    """The exit code and what to tell, of pip-audit's own code, its report in JSON, and what it said besides.

    A package that the database does not know counts as not audited: behind a mirror that is all of them, and
    pip-audit calls that "no known vulnerabilities".
    """
    if not report.strip():
        return UNREACHED if any(sign in said for sign in OUT_OF_REACH) else (code or 1, said)
    packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    audited = [each for each in packages if "vulns" in each]
    found = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version'}"
        for each in audited
        for one in each["vulns"]
    ]
    if found:
        return 1, "\n".join(found)
    if not audited:
        return UNREACHED
    return code, f"No known vulnerabilities in {len(audited)} of {len(packages)} packages; the rest is not known there."


def audit(lock: str) -> int:
    """Audit this lock; the exit code."""
    command = [str(Path(sys.executable).with_name(COMMAND[0])), *COMMAND[1:], lock]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    code, told = verdict(ran.returncode, ran.stdout, ran.stderr)
    sys.stdout.write(f"{lock}: {told.rstrip()}\n")
    return code


if __name__ == "__main__":
    sys.exit(max(map(audit, sys.argv[1:])))
