"""Draws `api/static/icon.png` from `icon.svg`, for browsers and home screens that take no SVG.

Run it as `python -m tests.pages.draw_icon`. The picture is square, because home screens cut its corners themselves, and
has 16 shades, which makes it a kilobyte.
"""

import asyncio
import struct
import zlib

from playwright.async_api import async_playwright

from api.routes.pages import FOLDER
from tests.support.chromium import launched

SIZE = 180
ACCENT = (0x3A, 0x4B, 0xC4)
READ_RED = """async ([svg, size]) => {
  const image = new Image(size, size);
  image.src = "data:image/svg+xml," + encodeURIComponent(svg);
  await image.decode();
  const canvas = new OffscreenCanvas(size, size).getContext("2d");
  canvas.drawImage(image, 0, 0, size, size);
  const { data } = canvas.getImageData(0, 0, size, size);
  return Array.from({ length: size * size }, (_, index) => data[4 * index]);
}"""
"""The red part of each pixel, which is small in the accent colour and large in white."""


async def main() -> None:
    """Save the picture."""
    svg = (FOLDER / "icon.svg").read_text().replace(' rx="8"', "", 1)
    async with async_playwright() as playwright, launched(playwright) as browser:
        page = await browser.new_page()
        red: list[int] = await page.evaluate(READ_RED, [svg, SIZE])
    shades = [min(15, max(0, round(15 * (value - ACCENT[0]) / (255 - ACCENT[0])))) for value in red]
    palette = bytes(round(part + (255 - part) * shade / 15) for shade in range(16) for part in ACCENT)
    lines = b"".join(
        b"\0" + bytes(16 * shades[at] + shades[at + 1] for at in range(row * SIZE, (row + 1) * SIZE, 2))
        for row in range(SIZE)
    )
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 4, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    (FOLDER / "icon.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


if __name__ == "__main__":
    asyncio.run(main())
