"""What banks call the columns of their tables, in a dozen languages."""

from typing import Literal

from graph.documents.values import plain

Field = Literal[
    "booked_on", "value_on", "amount", "debit", "credit", "direction", "balance", "currency", "counterparty", "text",
    "bank_category", "bank_reference", "account",
]  # fmt: skip

NAMES: dict[Field, tuple[str, ...]] = {
    "booked_on": (
        "buchungstag", "buchungsdatum", "booking date", "booked", "posting date", "post date", "posted date",
        "date operation", "date de l operation", "date de comptabilisation", "date comptable", "fecha operacion",
        "fecha contable", "data operacji", "data ksiegowania", "data lancamento", "data contabile", "data operazione",
        "bokforingsdag", "bokforingsdatum", "bokfort", "bogfort", "bogforingsdato", "kirjauspaiva", "boekdatum",
        "completed date", "date completed", "txn date", "tran date", "transaction date", "transactiedatum",
        "transaktionsdatum", "dateop", "datum", "date", "data", "fecha", "dato", "buchung", "dag", "pvm",
    ),
    "value_on": (
        "wertstellung", "valutadatum", "wertstellungstag", "value date", "value dt", "date de valeur", "date valeur",
        "fecha valor", "data waluty", "data valuta", "valutadato", "rentedatum", "rentedato", "arvopaiva", "valuta",
        "started date", "transaction date", "data valor", "dateval",
    ),
    "amount": (
        "betrag", "amount", "montant", "importe", "importo", "valor", "kwota", "kwota operacji", "kwota transakcji",
        "belopp", "belob", "belop", "bedrag", "summa", "umsatz", "maara", "transaction amount", "quantia", "beloeb",
        "transaktionsbetrag", "amount transaction currency",
        "net", "gross", "netto", "brutto",
    ),
    "debit": (
        "debit", "soll", "debit amount", "withdrawal", "withdrawals", "withdrawal amt", "withdrawal amount", "paid out",
        "money out", "debito", "uscite", "addebiti", "dare", "debet", "belastung", "lastschrift", "obciazenia", "cargo",
        "ut fra konto", "ut", "uttag", "uitgaven", "debits", "spent", "ausgang",
    ),
    "credit": (
        "credit", "haben", "credit amount", "deposit", "deposits", "deposit amt", "deposit amount", "paid in",
        "money in", "credito", "entrate", "accrediti", "avere", "kredit", "gutschrift", "uznania", "abono",
        "inn pa konto", "in", "insattning", "inkomsten", "credits", "received", "eingang",
    ),
    "direction": (
        "af bij", "dc", "d c", "cr dr", "dr cr", "debit credit", "soll haben", "s h", "sh", "credit debit",
        "credit debit indicator", "indicator", "code", "typ", "type", "transaction type", "af of bij", "umsatzart",
    ),
    "balance": (
        "saldo", "balance", "solde", "saldo nach buchung", "closing balance", "running balance", "kontostand",
        "saldo po operacji", "saldo po transakcji", "saldo na trn", "beholdning", "account balance",
    ),
    "currency": (
        "wahrung", "waehrung", "currency", "devise", "moneda", "moeda", "divisa", "waluta", "munt", "ccy", "valutta",
        "valuta", "curr", "waers",
    ),
    "counterparty": (
        "auftraggeber empfanger", "beguenstigter zahlungspflichtiger", "begunstigter zahlungspflichtiger",
        "name zahlungsbeteiligter", "zahlungsempfanger", "payee", "counterparty", "naam tegenpartij", "tegenpartij",
        "naam omschrijving", "kontrahent", "nadawca odbiorca", "beneficiary", "merchant", "empfanger", "contrepartie",
        "tiers", "mottagare", "avsandare", "beneficiario", "partner name", "counter party", "name", "naam", "nom",
        "merchant name", "beneficiary name", "dane kontrahenta", "auftraggeber", "beguenstigter", "who", "paid to",
        "vendor", "shop", "store", "recipient", "payer", "supplier",
    ),
    "text": (
        "verwendungszweck", "buchungstext", "description", "libelle", "narration", "particulars", "memo", "details",
        "opis", "opis operacji", "tytul", "mededelingen", "omschrijving", "omschrijving 1", "omschrijving 2",
        "historico", "descricao", "concepto", "descrizione", "causale", "tekst", "text", "avisierungstext",
        "beskrivning", "transaction description", "transaction details", "specifikation", "meddelande",
        "booking text", "forklaring", "notifications", "title", "reference", "note", "notes", "motif", "label",
        "payment reference", "detail", "message", "transaktion",
    ),
    "bank_category": ("kategorie", "category", "categorie", "kategoria", "categoria", "kategori"),
    "bank_reference": (
        "transaction id", "transaction reference", "txn id", "transaktions id", "transaktionsnummer", "identificador",
        "id", "transaction number", "unique id", "volgnr",
    ),
    "account": (
        "auftragskonto", "iban bban", "rekening", "account number", "account", "kontonummer", "konto", "iban",
        "accountnum", "compte", "numero de compte", "iban auftragskonto", "rachunek", "conta", "cuenta", "account no",
    ),
}  # fmt: skip

OWN_ACCOUNT = frozenset({"auftragskonto", "iban auftragskonto", "iban bban", "rekening", "own account"})
"""Columns that have the account of the row; the others above may have the other party's."""
NO_WORDS = frozenset(
    {
        "status", "state", "booking status", "buchungsstatus", "estado", "statut", "etat", "stato", "tila", "stan",
        "bic", "swift", "swift code", "swift bic", "bic swift", "blz", "bankleitzahl", "sort code",
    }
)  # fmt: skip
"""Columns that say nothing of a purchase, or not the same in the next file."""
CARD_WORDS = frozenset("card kreditkarte carte tarjeta cartao carta kort creditcard kaart karta member".split())  # noqa: SIM905
"""In the names of a credit card's columns."""
PAYMENT_WORDS = frozenset("payment zahlung paiement pago pagamento betaling betalning inbetalning splata danke".split())  # noqa: SIM905
"""In the text of a payment of a credit card's bill."""

_RANKS: dict[str, dict[Field, int]] = {}
for _field, _names in NAMES.items():
    for _rank, _name in enumerate(_names):
        _RANKS.setdefault(_name, {})[_field] = _rank


def fields_named(name: str) -> dict[Field, float]:
    """What a column of that name may be, the smaller the surer: the whole name first, then the words it begins with."""
    words = plain(name).split()
    found: dict[Field, float] = {}
    for length in range(min(len(words), 6), 0, -1):
        for field, rank in _RANKS.get(" ".join(words[:length]), {}).items():
            found.setdefault(field, rank + 100 * (len(words) - length))
    for start in range(1, len(words)):
        for field, rank in _RANKS.get(" ".join(words[start:]), {}).items():
            found.setdefault(field, rank + 1000 + 100 * start)
    return found
