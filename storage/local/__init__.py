"""The embedded Postgres and other helper servers, shared by the processes on one data directory."""
