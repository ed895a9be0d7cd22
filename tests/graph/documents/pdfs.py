"""PDFs with little in them."""


def pdf(pages: int, text: str = "") -> bytes:
    """A PDF with a line on each page."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects += [f"<</Type/Pages/Count {pages}/Kids[{kids}]>>", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    for number in range(pages):
        line = f"BT /F1 12 Tf 50 700 Td ({text} {number + 1}) Tj ET"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {5 + 2 * number} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>"
        )
        objects.append(f"<</Length {len(line)}>>stream\n{line}\nendstream")
    body, table = "%PDF-1.4\n", "0000000000 65535 f \n"
    for number, content in enumerate(objects, start=1):
        table += f"{len(body):010} 00000 n \n"
        body += f"{number} 0 obj\n{content}\nendobj\n"
    size = len(objects) + 1
    end = f"xref\n0 {size}\n{table}trailer\n<</Root 1 0 R/Size {size}>>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + end).encode()


def encrypted_pdf() -> bytes:
    """A PDF whose dictionary says that a password is needed."""
    whole = pdf(1).decode()
    key = "<" + "28" * 32 + ">"
    return whole.replace(
        "trailer\n<<", f"trailer\n<</Encrypt<</Filter/Standard/V 1/R 2/O{key}/U{key}/P -4>>/ID[<00><00>]"
    ).encode()
