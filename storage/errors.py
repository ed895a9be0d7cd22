"""What can go wrong in storage, and which of Postgres' errors mean that the database is unavailable for now.

StorageError
├── StorageUnavailable    the database cannot be reached or gave up: try again later
├── Gone                  what this belongs to was deleted meanwhile
├── LeaseLost             the turn's key or place was given to another turn meanwhile
├── DuplicateFact         another fact says the same
├── ImportRunning         rows of another document of the user are being stored
├── ExportInProgress      the user is reading an export already
├── TooManyExports        this process has no connection for one more export
├── AccountNotEmpty       the account to import into has something in it
├── InvalidImport         lines of an import break a rule of the database
├── MigrationsPending     the schema is older than the code: run `frontdesk migrate`
└── SetupFailed           the database lacks something; the message says what
"""

from collections.abc import Mapping

import psycopg


class StorageError(Exception):
    """Storage could not do what was asked."""


class StorageUnavailable(StorageError):
    """The database cannot be reached for now."""


class Gone(StorageError):
    """What this belongs to was deleted meanwhile: its conversation, or its user's account."""


class LeaseLost(StorageError):
    """What this process held for the turn (its idempotency key, its place in the queue) was given to another turn."""


class DuplicateFact(StorageError):
    """Another fact of the user says the same."""


class ImportRunning(StorageError):
    """Rows of another document of the user are being stored, so what documents brought cannot be changed."""


class ExportInProgress(StorageError):
    """The user is reading an export already."""


class TooManyExports(StorageError):
    """As many exports are read from this process as it has connections for."""


class AccountNotEmpty(StorageError):
    """The account to import into has something in it, which the import would mix with."""


class InvalidImport(StorageError):
    """Lines of an import break a rule of the database: a duplicate, or a value that is too large."""


class MigrationsPending(StorageError):
    """The database's schema is older than this program: run `frontdesk migrate`."""


class SetupFailed(StorageError):
    """The database cannot be used as it is; the message is one line that says what is missing."""


UNAVAILABLE_CLASSES: Mapping[str, str] = {
    "08": "the connection broke, or was never made",
    "28": "the server rejects the login for now: a password or an access list is being changed",
    "40": "another transaction was in the way",
    "53": "no disk, memory or connection is free",
    "57": "an operator stopped the statement, the connection or the server",
    "58": "the server's own files failed",
    "72": "the rows of an old snapshot are gone; a new one has others",
    "F0": "the server is being configured",
}
"""SQLSTATE classes (the first two characters) all errors of which are temporary, and why."""

UNAVAILABLE_STATES: Mapping[str, str] = {
    "25006": "the server takes no writes: it is a standby, or is being handed over to another one",
    "25P02": "the transaction had failed already, for a reason of the pooler or the server",
    "25P03": "the server ended an idle transaction",
    "25P04": "the server ended a transaction that took too long",
    "54000": "the server takes no writes until it is vacuumed (this state is used for other limits, too)",
    "55000": "something is not ready yet, such as a server that is recovering",
    "55006": "the object is in use",
    "55P03": "the lock is held by another transaction",
}
"""Single SQLSTATEs of other classes, and why."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the database may succeed a moment later, or over another connection.

    Decided by SQLSTATE and not by psycopg's classes: its operational errors include mistakes in statements, such as
    too many columns, and it counts a server that takes no writes as an internal error. An error without SQLSTATE comes
    from the client's side: a connection that is closed or could not be made, or a pool without a free one.
    """
    if not isinstance(error, psycopg.Error):
        return False
    if state := error.sqlstate:
        return state[:2] in UNAVAILABLE_CLASSES or state in UNAVAILABLE_STATES
    if isinstance(error, psycopg.InterfaceError):
        return "the connection is" in str(error)  # closed or unusable; other interface errors are misuse
    return isinstance(error, psycopg.OperationalError)
