"""What an audit's outcome means."""

import json
from typing import Any

from tests.support.audit import UNREACHED, verdict

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
WEAK = {"name": "weak", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_finding_fails() -> None:
    """It is named with the version that mends it, whatever else is not known."""
    assert verdict(1, report(SOUND, WEAK, UNKNOWN), "") == (1, "weak 1.0: PYSEC-1, mended in 1.1")


def test_no_finding_succeeds() -> None:
    """And says for how many that holds."""
    code, told = verdict(0, report(SOUND, UNKNOWN), "")
    assert code == 0
    assert "1 of 2 packages" in told


def test_a_database_out_of_reach_never_passes_for_a_clean_result() -> None:
    """Also where a mirror in its place knows no package; the exit code is another than that of a finding."""
    assert verdict(1, "", "ERROR: Could not connect to the vulnerability feed") == UNREACHED
    assert verdict(0, report(UNKNOWN, UNKNOWN), "No known vulnerabilities found") == UNREACHED
    assert UNREACHED[0] not in (0, 1)


def test_another_failure_is_one() -> None:
    """A lock that cannot be read, or without hashes."""
    assert verdict(1, "", "ERROR: requirement has no hash") == (1, "ERROR: requirement has no hash")
    assert verdict(0, "", "")[0] == 1
