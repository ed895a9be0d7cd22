"""What can go wrong in storage.

StorageError
├── StorageUnavailable    the server cannot be reached or gave up: try again later
├── Gone                  what this belongs to was deleted meanwhile
├── LeaseLost             what was held for the turn was given to another one meanwhile
├── FactKnown             another fact says the same
├── AlreadyExporting      the user reads an export already
├── NotEmpty              the account has something in it already
├── Unfit                 what is to be stored breaks a rule of the database
├── MigrationsPending     the schema is older than the code: run `frontdesk migrate`
└── SetupFailed           the database cannot be used as it is; the message says what is missing
"""


class StorageError(Exception):
    """Storage could not do what was asked."""


class StorageUnavailable(StorageError):
    """The database cannot be reached just now."""


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
