"""Photos and scans of receipts: letters are recognised by models that come with rapidocr, offline."""

import io
import math
import statistics
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from graph.documents.contents import MAX_PIXELS, Contents, Page, Unreadable
from graph.documents.receipt import read_receipt

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
LONGEST_SIDE = 2000
"""To which a picture is made smaller: letters of 12 pixels are enough."""


def read(data: bytes) -> Contents:
    """Read a receipt.

    Raises:
        Unreadable: it is broken or too large, has no words, or this server has no recogniser.
    """
    lines, score = recognise(_opened(data))
    if not lines:
        raise Unreadable("nothing_found", "No words can be read in the picture.")
    receipt = read_receipt(lines, score=score)
    return Contents("receipt", "picture", pages=[Page(1, "\n".join(lines))], receipt=receipt)


def _opened(data: bytes) -> Any:
    """The picture the right way up, in colours, small enough; its size is known before it is decoded."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise Unreadable("unknown_kind", "This server does not read pictures.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about size, which is looked at here, and about odd metadata
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise Unreadable("too_large", "The picture has more than 40 megapixels.")
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Image.DecompressionBombError as error:
        raise Unreadable("too_large", "The picture has more than 40 megapixels.") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable("broken", "The picture is damaged.") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return upright


class Word(NamedTuple):
    """Letters that stand together, with the middle, height and left end of their box."""

    text: str
    x: float
    y: float
    height: float


def recognise(image: Any) -> tuple[list[str], float]:
    """The lines of a picture from top to bottom, and how surely they were recognised (0 to 1)."""
    try:
        import numpy as np

        recogniser = _recogniser()
    except ImportError as error:
        raise Unreadable("unknown_kind", "This server does not read pictures.") from error
    found: Any = recogniser(np.asarray(image.convert("RGB"))[:, :, ::-1])
    if found.txts is None:
        return [], 0.0
    return _lines(_upright(found.boxes, found.txts)), float(statistics.mean(found.scores))


@cache
def _recogniser() -> Any:
    """What recognises letters; kept, because to load its models takes half as long as a picture."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # a second would mostly wait, busily
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Rec.rec_batch_num": 1,  # a batch would be as wide as its longest line
        }
    )


def _upright(boxes: Any, texts: Sequence[str]) -> list[Word]:
    """Words where they would stand if the paper were not turned."""
    wide = [box for box in boxes if box[1][0] - box[0][0] > 3 * abs(box[3][1] - box[0][1])] or list(boxes)
    turn = statistics.median(math.atan2(box[1][1] - box[0][1], box[1][0] - box[0][0]) for box in wide)
    cos, sin = math.cos(-turn), math.sin(-turn)
    words: list[Word] = []
    for box, text in zip(boxes, texts, strict=True):
        left, middle = (box[0] + box[3]) / 2, (box[0] + box[1] + box[2] + box[3]) / 4
        height = math.dist(box[0], box[3])
        words.append(Word(text, left[0] * cos - left[1] * sin, middle[0] * sin + middle[1] * cos, height))
    return words


def _lines(words: Sequence[Word]) -> list[str]:
    """Words whose middles are at one height are a line."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.y):
        if lines and abs(word.y - statistics.mean(w.y for w in lines[-1])) < 0.5 * min(
            word.height, lines[-1][-1].height
        ):
            lines[-1].append(word)
        else:
            lines.append([word])
    return ["  ".join(word.text for word in sorted(line, key=lambda word: word.x)) for line in lines]
