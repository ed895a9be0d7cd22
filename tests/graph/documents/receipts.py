"""Pictures of receipts of ten kinds, drawn with noise, slightly turned and unevenly lit."""

import io
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = [
    path
    for name in ("DejaVuSansMono", "DejaVuSans", "DejaVuSerif", "DejaVuSansMono-Bold")
    if (path := Path(f"/usr/share/fonts/truetype/dejavu/{name}.ttf")).exists()
]
"""Beside the one that comes with Pillow."""


class Kind(NamedTuple):
    """What receipts of a country and shop look like."""

    merchant: str
    address: str
    day: str
    items: str
    subtotal: str
    total: str
    tax: str
    paid: str
    currency: str
    comma: bool
    day_last: bool = False


KINDS = (
    Kind(
        "REWE Markt GmbH",
        "Domstr. 20, 50668 Köln",
        "%d.%m.%Y 14:05",
        "Milch|Brot|Käse|Äpfel",
        "",
        "SUMME EUR",
        "MwSt 7%",
        "BAR EUR",
        "EUR",
        True,
    ),
    Kind(
        "Café Sperling",
        "Hauptstraße 5",
        "Datum: %d.%m.%y",
        "Espresso|Kuchen|Wasser",
        "Zwischensumme",
        "Gesamtbetrag €",
        "USt 19 %",
        "Gegeben",
        "EUR",
        True,
        True,
    ),
    Kind(
        "JOE'S DINER",
        "12 Main St, Albany NY",
        "%m/%d/%Y 6:41 PM",
        "Burger|Fries|Cola",
        "Subtotal",
        "TOTAL $",
        "Sales Tax",
        "CASH",
        "USD",
        False,
    ),
    Kind(
        "Blue Bottle Coffee",
        "300 Webster St",
        "%b %d, %Y",
        "Latte|Cookie",
        "Subtotal",
        "Total $",
        "Tax",
        "Visa",
        "USD",
        False,
        True,
    ),
    Kind(
        "TESCO Express",
        "High Street, Leeds",
        "%d/%m/%Y 09:12",
        "Bread|Butter|Tea bags",
        "",
        "TOTAL £",
        "VAT",
        "CHANGE",
        "GBP",
        False,
    ),
    Kind(
        "Boulangerie Martin",
        "8 rue des Lilas, Lyon",
        "Le %d/%m/%Y à 08h15",
        "Baguette|Croissant|Tarte",
        "Sous-total",
        "TOTAL TTC EUR",
        "TVA 5,5%",
        "Espèces",
        "EUR",
        True,
    ),
    Kind(
        "Albert Heijn",
        "Damrak 1, Amsterdam",
        "%d-%m-%Y 17:30",
        "Kaas|Melk|Brood",
        "Subtotaal",
        "TOTAAL EUR",
        "BTW 9%",
        "PIN",
        "EUR",
        True,
        True,
    ),
    Kind(
        "ŻABKA POLSKA",
        "ul. Długa 3, Gdańsk",
        "%Y-%m-%d 20:02",
        "Chleb|Mleko|Woda",
        "",
        "SUMA PLN",
        "PTU A 23%",
        "Gotówka",
        "PLN",
        True,
    ),
    Kind(
        "ICA Nära",
        "Storgatan 4, Umeå",
        "%Y-%m-%d",
        "Kaffe|Smör",
        "",
        "Att betala SEK",
        "Moms 12%",
        "Kontant",
        "SEK",
        True,
    ),
    Kind(
        "Migros Zürich",
        "Bahnhofplatz 2",
        "%d.%m.%Y",
        "Joghurt|Apfelsaft|Schokolade",
        "",
        "TOTAL CHF",
        "MWST 2.6%",
        "Bar",
        "CHF",
        False,
    ),
)


class Drawn(NamedTuple):
    """A picture, and what it says."""

    data: bytes
    total: Decimal
    bought_on: date
    currency: str
    merchant: str


def draw(number: int) -> Drawn:
    """The same picture for the same number."""
    dice = random.Random(number)  # noqa: S311
    kind = KINDS[number % len(KINDS)]
    day = date(2025, 1, 1) + timedelta(days=dice.randrange(500))
    items = [(name, Decimal(dice.randrange(95, 3999)) / 100) for name in kind.items.split("|")]
    total = sum((price for _, price in items), Decimal())
    note = total + Decimal(dice.randrange(100, 2000)) / 100

    def amount(value: Decimal) -> str:
        return f"{value:.2f}".replace(".", ",") if kind.comma else f"{value:.2f}"

    said = [(day.strftime(kind.day), "")]
    lines = [(kind.merchant, ""), (kind.address, ""), ("", ""), *([] if kind.day_last else said), ("", "")]
    lines += [(name, amount(price)) for name, price in items]
    lines += [(kind.subtotal, amount(total * 9 / 10))] if kind.subtotal else []
    lines += [(kind.total, amount(total)), (kind.tax, amount(total / 10)), (kind.paid, amount(note)), ("", "")]
    lines += said if kind.day_last else []
    return Drawn(_picture(lines, dice), total, day, kind.currency, kind.merchant)


def _picture(lines: list[tuple[str, str]], dice: random.Random) -> bytes:
    """Draw, turn, light, blur and compress."""
    size = dice.choice([20, 22, 26])
    path = dice.choice([None, *FONTS])
    font = ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)
    width, height = 22 * size, round((len(lines) + 2) * size * 1.6)
    paper = dice.randrange(225, 256)
    image = Image.new("L", (width, height), paper)
    pen = ImageDraw.Draw(image)
    for row, (left, right) in enumerate(lines):
        y = round((row + 1) * size * 1.6)
        start = (width - pen.textlength(left, font)) / 2 if row < 2 else size
        pen.text((start, y), left, font=font, fill=30)
        pen.text((width - size - pen.textlength(right, font), y), right, font=font, fill=30)
    turned = image.rotate(
        dice.uniform(-2.5, 2.5), Image.Resampling.BICUBIC, expand=True, fillcolor=dice.randrange(90, 250)
    )
    turned = turned.filter(ImageFilter.GaussianBlur(dice.uniform(0, 0.9)))
    pixels = np.asarray(turned, dtype=np.float32)
    light = np.linspace(dice.uniform(0.75, 1), 1, pixels.shape[1], dtype=np.float32)
    noise = np.random.default_rng(dice.randrange(10**6)).normal(0, dice.uniform(2, 9), pixels.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels * light + noise, 0, 255).astype(np.uint8)).save(
        file, "JPEG", quality=dice.choice([60, 80])
    )
    return file.getvalue()
