"""Turns recorded from real runs (`make replays`), replayed by tests/graph/replay/test_run.py."""
