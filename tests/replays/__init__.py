"""Turns recorded from real runs (`make replays`), replayed by tests/graph/test_replay.py."""
