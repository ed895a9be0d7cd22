"""Which of Postgres' errors mean that the database is unavailable for now."""

import inspect
from collections.abc import Iterator

import psycopg
import psycopg_pool
import pytest
from psycopg import errors

from storage.errors import is_unavailable

UNAVAILABLE = {
    "08000 ConnectionException", "08001 SqlclientUnableToEstablishSqlconnection", "08003 ConnectionDoesNotExist",
    "08004 SqlserverRejectedEstablishmentOfSqlconnection", "08006 ConnectionFailure",
    "08007 TransactionResolutionUnknown", "08P01 ProtocolViolation",
    "25006 ReadOnlySqlTransaction", "25P02 InFailedSqlTransaction", "25P03 IdleInTransactionSessionTimeout",
    "25P04 TransactionTimeout",
    "28000 InvalidAuthorizationSpecification", "28P01 InvalidPassword",
    "40000 TransactionRollback", "40001 SerializationFailure", "40002 TransactionIntegrityConstraintViolation",
    "40003 StatementCompletionUnknown", "40P01 DeadlockDetected",
    "53000 InsufficientResources", "53100 DiskFull", "53200 OutOfMemory", "53300 TooManyConnections",
    "53400 ConfigurationLimitExceeded",
    "54000 ProgramLimitExceeded",
    "55000 ObjectNotInPrerequisiteState", "55006 ObjectInUse", "55P03 LockNotAvailable",
    "57000 OperatorIntervention", "57014 QueryCanceled", "57P01 AdminShutdown", "57P02 CrashShutdown",
    "57P03 CannotConnectNow", "57P04 DatabaseDropped", "57P05 IdleSessionTimeout",
    "58000 SystemError", "58030 IoError", "58P01 UndefinedFile", "58P02 DuplicateFile", "58P03 FileNameTooLong",
    "72000 SnapshotTooOld",
    "F0000 ConfigFileError", "F0001 LockFileExists",
}  # fmt: skip

MISTAKES = {
    "02": "there is no data", "03": "a statement too early", "09": "a trigger's action", "0A": "no such feature",
    "0B": "a transaction begun wrongly", "0F": "a locator", "0L": "a grantor", "0P": "a role that does not exist",
    "0Z": "diagnostics", "10": "XQuery", "20": "no such case", "21": "too many rows", "22": "bad data",
    "23": "a constraint", "24": "a cursor's state", "25": "a transaction used wrongly", "26": "no such statement",
    "27": "a trigger changed what it must not", "2B": "privileges that something hangs on",
    "2D": "a transaction ended wrongly", "2F": "a routine's fault", "34": "no such cursor",
    "38": "an external routine's fault", "39": "an external routine called wrongly", "3B": "no such savepoint",
    "3D": "no such database", "3F": "no such schema", "42": "a statement that is wrong, or not allowed",
    "44": "a view's check", "54": "a statement that is too large", "55": "a parameter or type that cannot be changed",
    "HV": "a foreign server, of which we have none", "P0": "a function's fault", "XX": "a bug, or lost data",
}  # fmt: skip
"""SQLSTATE classes with errors that a retry does not change, and what they are about."""


def by_state() -> Iterator[tuple[str, str, bool]]:
    """SQLSTATE and name of each Postgres error that psycopg knows, and whether it means unavailable."""
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, psycopg.Error) and kind.sqlstate:
            yield kind.sqlstate, name, is_unavailable(kind())


def test_every_postgres_error_is_classified() -> None:
    """By its SQLSTATE; an error that a newer psycopg adds has to be classified, too."""
    assert {f"{state} {name}" for state, name, unavailable in by_state() if unavailable} == UNAVAILABLE
    assert {state[:2] for state, _, unavailable in by_state() if not unavailable} == set(MISTAKES)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("the connection is closed"),
        psycopg.InterfaceError("the connection is closed"),
        errors.ConnectionTimeout(),
        psycopg_pool.PoolTimeout(),
        psycopg_pool.PoolClosed(),
        psycopg_pool.TooManyRequests(),
    ],
    ids=lambda error: f"{type(error).__name__} {error}",
)
def test_errors_of_the_client_mean_unavailable(error: Exception) -> None:
    """A closed connection, one that could not be made, or a pool without a free one."""
    assert is_unavailable(error)


@pytest.mark.parametrize("error", [psycopg.InterfaceError("the cursor is closed"), psycopg.DataError(), ValueError()])
def test_misuse_does_not_mean_unavailable(error: Exception) -> None:
    """A retry would hide it."""
    assert not is_unavailable(error)
