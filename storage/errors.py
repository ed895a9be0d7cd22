"""What can go wrong in storage, and which of Postgres' errors mean that it cannot be used just now.

StorageError
├── StorageUnavailable    the server cannot be reached or gave up: try again later
├── SearchTooSlow         a search took longer than it may
├── Gone                  what this belongs to was deleted meanwhile
├── LeaseLost             what was held for the turn was given to another one meanwhile
├── FactKnown             another fact says the same
├── AlreadyExporting      the user reads an export already
├── NotEmpty              the account has something in it already
├── Unfit                 what is to be stored breaks a rule of the database
├── MigrationsPending     the schema is older than the code: run `frontdesk migrate`
└── SetupFailed           the database cannot be used as it is; the message says what is missing
"""

from collections.abc import Mapping

import psycopg


class StorageError(Exception):
    """Storage could not do what was asked."""


class StorageUnavailable(StorageError):
    """The database cannot be reached just now."""


class SearchTooSlow(StorageError):
    """The search took longer than it may, and was given up; the database itself is there."""


class Gone(StorageError):
    """What this belongs to was deleted meanwhile: its conversation, or its user's account."""


class LeaseLost(StorageError):
    """What this process held for the turn (its key, its place in line) was given to another one meanwhile."""


class FactKnown(StorageError):
    """Another fact of the user's says the same."""


class AlreadyExporting(StorageError):
    """The user reads an export already."""


class NotEmpty(StorageError):
    """The account has something in it already, which an import would mix with."""


class Unfit(StorageError):
    """What is to be stored breaks a rule of the database: something is in it twice, or is more than it takes."""


class MigrationsPending(StorageError):
    """The database's schema is older than this program: run `frontdesk migrate`."""


class SetupFailed(StorageError):
    """The database cannot be used as it is; the message is one line that says what is missing."""


UNAVAILABLE_CLASSES: Mapping[str, str] = {
    "08": "the connection broke, or never was",
    "28": "the server lets this name in no more: a password is being changed, or an access list",
    "40": "another transaction was in the way",
    "53": "no disk, memory or connection is free",
    "57": "somebody stopped the statement, the connection or the server",
    "58": "the server's own files failed",
    "72": "the rows of an old snapshot are gone; a new one has others",
    "F0": "the server is being configured",
}
"""Classes of SQLSTATE (its first two characters) of which every error passes, and why."""

UNAVAILABLE_STATES: Mapping[str, str] = {
    "25006": "the server takes no writes: it is a standby, or is handed over to another one",
    "25P02": "the transaction had failed already, for whatever reason the pooler or the server had",
    "25P03": "the server ended a transaction that stood still",
    "25P04": "the server ended a transaction that took too long",
    "54000": "the server takes no writes until it was vacuumed (it has this state for other limits, too)",
    "55000": "something is not ready yet, such as a server that is still recovering",
    "55006": "somebody else is using it",
    "55P03": "somebody else holds the lock",
}
"""Single SQLSTATEs of other classes, and why."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the database may do a moment later, or over another connection, what it did not do now.

    Decided by SQLSTATE and not by psycopg's classes: among its operational errors are mistakes in statements, such as
    too many columns, and a server that takes no writes is an internal error to it. What has no SQLSTATE comes from the
    client's side: a connection that is closed or could not be made, or a pool without a free one.
    """
    if not isinstance(error, psycopg.Error):
        return False
    if state := error.sqlstate:
        return state[:2] in UNAVAILABLE_CLASSES or state in UNAVAILABLE_STATES
    if isinstance(error, psycopg.InterfaceError):
        return "the connection is" in str(error)  # closed, or in a state to ask nothing; the others are misuse
    return isinstance(error, psycopg.OperationalError)
