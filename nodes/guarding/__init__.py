"""The pure text rules behind the guard node: no state, no clock, no network."""
