"""How the tests are handed out to processes."""

import pytest


def test_the_tests_of_a_group_run_in_one_process(request: pytest.FixtureRequest, worker_id: str) -> None:
    """Each has the group's name at the end of its id, by which it is handed out."""
    if worker_id == "master":
        pytest.skip("there is one process")
    groups = [(item.nodeid, item.get_closest_marker("xdist_group")) for item in request.session.items]
    assert [name for name, group in groups if group and not name.endswith(f"@{group.args[0]}")] == []
