"""The household's papers: receipts as pictures, and letters as PDF."""

import io
import random
from collections.abc import Sequence
from datetime import timedelta

from graph.demo.bank_files import File
from graph.demo.household import Household, Movement
from graph.demo.merchants import STANDING

RECEIPTS = (
    ("ELEKTRO VOSS BRENFELD", "Laptop for work", "Laptop 14 inch"),
    ("Hahn Office Supplies", "Invoice", "Office supplies"),
    ("Trattoria Sorella", "Table for three", "Dinner"),
)
"""Of which payments the last one has a picture: payee, words, and what was bought."""
SIZE = 26
WIDTH = 640


def papers(home: Household) -> list[File]:
    """All of them; the pictures only where Pillow is installed, without which they could not be read either."""
    return [*receipts(home), *letters(home)]


def receipts(home: Household) -> list[File]:
    """Pictures of receipts."""
    try:
        import PIL.Image  # noqa: F401 # pyright: ignore[reportUnusedImport] - whether it is there
    except ImportError:
        return []
    files: list[File] = []
    for payee, words, bought in RECEIPTS:
        one = [movement for movement in home.movements if (movement.payee, movement.words) == (payee, words)][-1]
        picture = _picture(_receipt(one, payee.title(), bought), home.seed)
        files.append(File(f"Receipt {payee.title()} {one.day}.jpg", "image/jpeg", picture))
    return files


def _receipt(one: Movement, shop: str, bought: str) -> list[tuple[str, str]]:
    total = f"{-one.amount:.2f}"
    return [
        (shop, ""), ("Ahornweg 5, Brenfeld", ""), ("", ""), (f"Date: {one.day:%d.%m.%Y}", ""), ("", ""),
        (bought, total), ("Total EUR", total), ("Card", total), ("", ""), ("Thank you", ""),
    ]  # fmt: skip


def _picture(lines: Sequence[tuple[str, str]], seed: int) -> bytes:
    """A photo: slightly turned, not quite white, a little out of focus."""
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    dice = random.Random(f"{seed} {lines}")  # noqa: S311 - how a picture looks
    font = ImageFont.load_default(SIZE)
    paper = Image.new("L", (WIDTH, (len(lines) + 2) * SIZE * 3 // 2), dice.randrange(232, 252))
    pen = ImageDraw.Draw(paper)
    for row, (left, right) in enumerate(lines):
        y = (row + 1) * SIZE * 3 // 2
        pen.text(((WIDTH - pen.textlength(left, font)) / 2 if row < 2 else SIZE, y), left, font=font, fill=35)
        pen.text((WIDTH - SIZE - pen.textlength(right, font), y), right, font=font, fill=35)
    photo = paper.rotate(dice.uniform(-1.8, 1.8), Image.Resampling.BICUBIC, expand=True, fillcolor=120)
    file = io.BytesIO()
    photo.filter(ImageFilter.GaussianBlur(dice.uniform(0, 0.7))).save(file, "JPEG", quality=80)
    return file.getvalue()


def letters(home: Household) -> list[File]:
    """A letter about the rent, and the receipt of a donation."""
    rent = next(order for order in STANDING if order.category == "housing")
    assert rent.risen
    raised = next(one for one in home.movements if one.payee == rent.payee and one.amount == rent.risen[1])
    given = [one for one in home.movements if one.payee == "River Rescue Society"][-1]
    letter = [
        rent.payee, "", "To Mara and Jonas Feldmann, Ahornweg 5, flat 12",
        f"{raised.day - timedelta(days=75):%d %B %Y}",
        "", "Your rent", "", f"Dear Mara and Jonas Feldmann, from {raised.day:%B %Y} on the rent of your flat is",
        f"{-rent.risen[1]} EUR a month. Until then it stays at {-rent.amount} EUR.",
        "The deposit is not changed. Please change your standing order in time.", "",
        "Notice: either side may end the lease with three months' notice to the end of a month.",
    ]  # fmt: skip
    receipt = [given.payee, "", "Receipt of a donation", f"Date: {given.day:%d.%m.%Y}", f"Total EUR {-given.amount}",
               "Given by Jonas Feldmann. We are a charity."]  # fmt: skip
    return [
        File(f"Letter {rent.payee} rent.pdf", "application/pdf", _pdf(letter)),
        File(f"Receipt {given.payee} {given.day}.pdf", "application/pdf", _pdf(receipt)),
    ]


def _pdf(lines: Sequence[str]) -> bytes:
    """A page with these lines."""
    said = " T* ".join(f"({line.replace('(', '').replace(')', '')}) Tj" for line in lines)
    content = f"BT /F1 11 Tf 60 760 Td 16 TL {said} ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    body, table = "%PDF-1.4\n", "0000000000 65535 f \n"
    for number, one in enumerate(objects, start=1):
        table += f"{len(body):010} 00000 n \n"
        body += f"{number} 0 obj\n{one}\nendobj\n"
    size = len(objects) + 1
    end = f"xref\n0 {size}\n{table}trailer\n<</Root 1 0 R/Size {size}>>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + end).encode("cp1252")
