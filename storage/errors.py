"""What can go wrong in storage.

StorageError
├── StorageUnavailable    the server cannot be reached or gave up: try again later
├── SearchTooSlow         a search took longer than it may
├── Gone                  what this belongs to was deleted meanwhile
├── FactKnown             another fact says the same
├── AlreadyExporting      the user reads an export already
├── NotEmpty              the account has something in it already
├── MigrationsPending     the schema is older than the code: run `frontdesk migrate`
└── SetupFailed           the database cannot be used as it is; the message says what is missing
"""


class StorageError(Exception):
    """Storage could not do what was asked."""


class StorageUnavailable(StorageError):
    """The database cannot be reached just now."""


class SearchTooSlow(StorageError):
    """The search took longer than it may, and was given up; the database itself is there."""


class Gone(StorageError):
    """What this belongs to was deleted meanwhile: its conversation, or its user's account."""


class FactKnown(StorageError):
    """Another fact of the user's says the same."""


class AlreadyExporting(StorageError):
    """The user reads an export already."""


class NotEmpty(StorageError):
    """The account has something in it already, which an import would mix with."""


class MigrationsPending(StorageError):
    """The database's schema is older than this program: run `frontdesk migrate`."""


class SetupFailed(StorageError):
    """The database cannot be used as it is; the message is one line that says what is missing."""
