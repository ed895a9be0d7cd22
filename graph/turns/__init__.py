"""Run turns, store their events, let clients follow them, and recover those of lost processes."""
