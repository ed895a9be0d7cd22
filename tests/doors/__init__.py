"""Tests of the doors, with the clients that they are for."""
