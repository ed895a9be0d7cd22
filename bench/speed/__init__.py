"""The benchmark behind docs/performance.md: Frontdesk beside bare model clients, from outside. `make bench` runs it."""
