"""The formats in which the true rows are written."""

from collections.abc import Callable

from tests.graph.documents import bank_messages, bank_tables
from tests.graph.documents.bank_files import BankFile

FORMATS: dict[str, Callable[[], BankFile]] = {
    "german savings bank": bank_tables.german_savings_bank,
    "german direct bank": bank_tables.german_direct_bank,
    "german cooperative bank": bank_tables.german_cooperative_bank,
    "french bank": bank_tables.french_bank,
    "swiss bank": bank_tables.swiss_bank,
    "british bank": bank_tables.british_bank,
    "american bank": bank_tables.american_bank,
    "american card": bank_tables.american_card,
    "indian bank": bank_tables.indian_bank,
    "brazilian bank": bank_tables.brazilian_bank,
    "dutch bank": bank_tables.dutch_bank,
    "polish bank": bank_tables.polish_bank,
    "swedish bank": bank_tables.swedish_bank,
    "norwegian bank": bank_tables.norwegian_bank,
    "australian bank": bank_tables.australian_bank,
    "spanish workbook": bank_tables.spanish_workbook,
    "italian workbook": bank_tables.italian_workbook,
    "OFX 1": bank_messages.ofx_sgml,
    "OFX 2": bank_messages.ofx_xml,
    "QFX": lambda: bank_messages.ofx_sgml(card=True),
    "MT940, German": bank_messages.mt940_german,
    "MT940, Dutch": bank_messages.mt940_dutch,
    "CAMT.053, version 2": bank_messages.camt,
    "CAMT.053, version 8": lambda: bank_messages.camt("08"),
}
"""24 formats; each with all rows."""
