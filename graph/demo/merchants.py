"""Whom the made-up household pays and who pays it. Names of banks, shops and persons are invented."""

from decimal import Decimal
from typing import Literal, NamedTuple

AccountKey = Literal["joint", "own", "card", "savings"]


class Habit(NamedTuple):
    """Purchases that happen on some days and not on others."""

    payee: str
    """As the bank writes it; `#` is a branch's number."""
    category: str
    account: AccountKey
    a_week: float
    least: Decimal
    most: Decimal
    words: str = ""


class Standing(NamedTuple):
    """A payment that comes again."""

    payee: str
    category: str
    account: AccountKey
    day: int
    """Of the month; on a weekend the bank books it on Monday."""
    amount: Decimal
    words: str
    months: tuple[int, ...] = ()
    """In which it comes; empty: in each."""
    risen: tuple[int, Decimal] | None = None
    """How many months ago its amount changed, and to what."""
    ends: int | None = None
    """How many months ago it came for the last time; None: it goes on."""


def _habit(line: str) -> Habit:
    payee, category, account, a_week, least, most, *words = (part.strip() for part in line.split("|"))
    return Habit(payee, category, account, float(a_week), Decimal(least), Decimal(most), *words)  # type: ignore[arg-type]


HABITS = tuple(
    _habit(line)
    for line in """
    KORNBLUME MARKET #0143 BRENFELD | groceries     | joint | 2.3 | 11.20 | 88.40 | Card payment
    KORNBLUME MARKET #0377 OSTERAU  | groceries     | card  | 0.5 | 8.10  | 61.00 |
    FRISCHHOF #512 BRENFELD         | groceries     | joint | 1.3 | 9.40  | 74.90 | Card payment
    TALMARKT #88 BRENFELD           | groceries     | own   | 0.9 | 6.30  | 42.60 | POS purchase
    Green Basket Organic            | groceries     | card  | 0.4 | 18.00 | 59.00 | weekly box
    BACKHAUS AMMER #7               | groceries     | joint | 4.6 | 2.10  | 9.80  | Card payment
    LILIA DRUGSTORE #204 BRENFELD   | shopping      | joint | 0.9 | 4.20  | 38.70 | Card payment
    CANTEEN SOLVIA                  | eating_out    | own   | 3.8 | 5.40  | 9.90  | Lunch
    CAFE MORGENROT                  | eating_out    | card  | 2.1 | 3.20  | 14.80 |
    Trattoria Sorella               | eating_out    | card  | 0.4 | 24.00 | 86.00 | Table for three
    SUSHI KIBO BRENFELD             | eating_out    | card  | 0.3 | 21.50 | 64.00 |
    Burger Barn                     | eating_out    | own   | 0.3 | 12.90 | 33.40 | POS purchase
    WIRTSHAUS HIRSCHEN              | eating_out    | joint | 0.2 | 31.00 | 92.00 | Card payment
    BRENFELD TRANSIT TICKETS        | transport     | own   | 3.1 | 2.90  | 2.90  | Single ticket
    CITYBAHN MOBILE                 | transport     | card  | 0.6 | 4.60  | 27.80 | Day ticket
    NORDOIL #2231 BRENFELD          | car           | joint | 0.6 | 41.00 | 89.00 | Fuel
    PETRANO SERVICE STATION #19     | car           | card  | 0.2 | 38.00 | 84.00 | Fuel
    PARKHAUS MITTE                  | car           | card  | 0.7 | 1.50  | 9.00  |
    AMARONA MARKETPLACE             | shopping      | card  | 1.1 | 7.99  | 94.90 | Order
    NORDHAUS HOME #61               | shopping      | card  | 0.2 | 14.00 | 139.00|
    MODEHAUS LINDE                  | clothing      | card  | 0.2 | 19.90 | 119.00|
    Kids & Co                       | clothing      | joint | 0.2 | 9.90  | 54.00 | Card payment
    CINEMA AURORA                   | leisure       | card  | 0.2 | 11.00 | 41.00 | Tickets
    WALDBAD POOL                    | leisure       | joint | 0.3 | 6.50  | 16.50 | Card payment
    BOOKSHOP SEITENWIND             | leisure       | own   | 0.3 | 8.00  | 44.00 | POS purchase
    PHARMACY AM MARKT               | health        | joint | 0.5 | 4.10  | 46.00 | Card payment
    Toys Pinguin                    | children      | card  | 0.3 | 6.90  | 49.90 |
    FLOWER STUDIO MOHN              | gifts         | own   | 0.2 | 9.00  | 39.00 | POS purchase
    Hahn Office Supplies            | work_expenses | own   | 0.1 | 12.40 | 189.00| Invoice
    TECHBOOK PUBLISHING             | work_expenses | own   | 0.1 | 19.90 | 64.90 | Technical books
    ATM BRENNER BANK 0312           | cash          | joint | 0.4 | 50.00 | 150.00| Cash withdrawal
    """.strip().splitlines()
)
"""With a week's average, the least and the most they cost."""

UNSORTED = tuple(
    _habit(line)
    for line in """
    KORNBLUME CITY BRENFELD HBF     | groceries  | card  | 0.9 | 3.40  | 21.00 |
    SQ *CAFE MORGENROT 2            | eating_out | card  | 0.7 | 3.20  | 12.00 |
    FRISCHHOF EXPRESS OSTERAU       | groceries  | card  | 0.6 | 4.90  | 32.00 |
    NORDOIL AUTOHOF A7              | car        | card  | 0.3 | 45.00 | 92.00 | Fuel
    AMARONA DIGITAL                 | shopping   | card  | 0.5 | 2.99  | 19.99 | Order
    LILIA DRUGSTORE ONLINE          | shopping   | joint | 0.4 | 8.00  | 41.00 | Order
    CINEMA AURORA KIOSK             | leisure    | card  | 0.3 | 4.50  | 18.00 |
    PHARMACY AM RATHAUS             | health     | joint | 0.3 | 5.00  | 33.00 | Card payment
    PAYLINO *BOOKSHOP SEITENWIND    | leisure    | card  | 0.3 | 9.00  | 38.00 |
    PARKHAUS MITTE NORD             | car        | joint | 0.5 | 1.50  | 8.00  | Card payment
    PIZZERIA DA NINO                | eating_out | card  | 0.3 | 14.00 | 48.00 |
    GARDEN CENTRE ROSENAU           | shopping   | joint | 0.2 | 6.00  | 72.00 | Card payment
    """.strip().splitlines()
)
"""New since `UNSORTED_DAYS`: no rule knows them, and the household has not sorted them."""

STANDING = (
    Standing("Solvia Engineering Ltd", "salary", "own", 27, Decimal("3450.00"), "Salary",
             risen=(11, Decimal("3565.00"))),
    Standing("Clinic am Park", "salary", "joint", 28, Decimal("2380.40"), "Wages"),
    Standing("Family Benefits Office", "other_income", "joint", 10, Decimal("255.00"), "Child benefit"),
    Standing("Petersen Property Management", "housing", "joint", 1, Decimal("-1180.00"), "Rent flat 12, Ahornweg 5",
             risen=(8, Decimal("-1240.00"))),
    Standing("Stadtwerke Brenfeld", "utilities", "joint", 3, Decimal("-134.00"), "Electricity and gas",
             risen=(14, Decimal("-148.00"))),
    Standing("Brenfeld Water Works", "utilities", "joint", 15, Decimal("-96.30"), "Water, quarter", (2, 5, 8, 11)),
    Standing("Telvia Mobile", "phone_internet", "joint", 6, Decimal("-44.98"), "Two contracts"),
    Standing("Fibranet Internet", "phone_internet", "joint", 8, Decimal("-39.90"), "Internet at home"),
    Standing("Streamora", "subscriptions", "card", 12, Decimal("-9.99"), "Video", risen=(5, Decimal("-12.99"))),
    Standing("Tunewave Music", "subscriptions", "card", 18, Decimal("-16.99"), "Family plan"),
    Standing("Newsleaf Digital", "subscriptions", "own", 2, Decimal("-14.90"), "Newspaper"),
    Standing("Cloudnest Storage", "subscriptions", "card", 21, Decimal("-2.99"), "200 GB"),
    Standing("Fitpoint Gym", "leisure", "own", 4, Decimal("-34.90"), "Membership"),
    Standing("Puzzlebox Kids", "children", "card", 9, Decimal("-19.50"), "Monthly box", ends=7),
    Standing("Kindergarten Sonnenkäfer", "children", "joint", 5, Decimal("-185.00"), "Care and lunch"),
    Standing("Brenfeld Music School", "education", "joint", 16, Decimal("-68.00"), "Recorder lessons"),
    Standing("Vitalis Life Insurance", "insurance", "joint", 20, Decimal("-87.60"), "Quarter", (1, 4, 7, 10)),
    Standing("Assecura Car Insurance", "insurance", "joint", 2, Decimal("-486.20"), "Yearly premium", (1,),
             risen=(12, Decimal("-512.70"))),
    Standing("Assecura Household Insurance", "insurance", "joint", 14, Decimal("-118.40"), "Yearly premium", (5,)),
    Standing("Tax Office Brenfeld", "taxes", "joint", 22, Decimal("-142.00"), "Car tax", (3,)),
    Standing("Volta Bank", "debt_payments", "joint", 11, Decimal("-210.00"), "Car loan instalment"),
    Standing("Student Loan Agency", "debt_payments", "own", 13, Decimal("-95.00"), "Instalment"),
    Standing("Brenner Bank", "fees", "joint", 30, Decimal("-14.70"), "Account fee, quarter", (3, 6, 9, 12)),
    Standing("Medics Abroad Fund", "donations", "own", 7, Decimal("-20.00"), "Donation"),
    Standing("River Rescue Society", "donations", "joint", 19, Decimal("-60.00"), "Donation", (6, 12)),
)  # fmt: skip
"""Standing orders, direct debits, subscriptions and income. Nobody has been at the gym for a year."""

HOLIDAY = tuple(
    _habit(line)
    for line in """
    PENWITH TEA ROOMS     | travel | card | 4.5 | 6.20  | 24.00 |
    TIDEWATER FERRIES     | travel | card | 2.0 | 12.50 | 38.00 |
    CORNER PASTY HUT      | travel | card | 5.0 | 5.40  | 19.80 |
    MARAZAN FARM SHOP     | travel | card | 3.5 | 8.90  | 46.00 |
    LIZARD COAST PARKING  | travel | card | 4.0 | 2.50  | 7.50  |
    """.strip().splitlines()
)
"""Paid in pounds."""
