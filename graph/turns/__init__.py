"""Run one turn, keep it, and let people follow it."""
