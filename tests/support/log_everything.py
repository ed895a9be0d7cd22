"""A process in which everything is logged that can be, each time with the words that it is given."""

import asyncio
import logging
import sys
import threading
import warnings

import stamina
from structlog.contextvars import bind_contextvars, clear_contextvars
from structlog.stdlib import get_logger

from api.logging.setup import configure_logging
from graph.settings import Settings

WORDS = sys.argv[-1]


class Stubborn:
    """Cannot be thrown away without a word."""

    def __del__(self) -> None:
        raise ValueError(WORDS)


def fail() -> None:
    """Fail."""
    raise ValueError(WORDS)


def choke(words: str) -> None:
    """Fail with what it is given."""
    int(words)


async def forgotten() -> None:
    """Leave a failure that nobody asks for, and a callback that fails with what it was given."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(asyncio.to_thread(fail))
    await asyncio.wait([task])
    del task
    loop.call_soon(choke, WORDS)
    await asyncio.sleep(0)


def libraries() -> None:
    """Say things, as libraries do, at all levels."""
    library = logging.getLogger("some.library")
    library.setLevel(logging.DEBUG)
    library.debug("Request options: %s", {"json_data": WORDS})
    library.info('HTTP Request: GET http://host/?q="%s"', WORDS)
    library.warning("could not write %r", WORDS)
    library.error("gave up on '%s'", WORDS, exc_info=OSError(WORDS), stack_info=True)
    library.error(OSError(WORDS))
    library.error("so many: %d", WORDS)  # what is no number
    warnings.warn(WORDS, stacklevel=1)


@stamina.retry(on=ValueError, attempts=2, wait_max=0.01)
def tried(words: str) -> None:
    """Fail with what it was given."""
    raise ValueError(words)


def main() -> None:
    """Do all of it; the end is an exception that nobody catches."""
    configure_logging(Settings.read())
    log = get_logger("graph.noisy")
    bind_contextvars(turn_id="turn-1", conversation_id="conversation-1", user_id="user-1")
    libraries()
    try:
        tried(WORDS)
    except ValueError:
        log.exception("ours", number=1, error=OSError(WORDS))
    clear_contextvars()
    log.debug("ours, for who looks for something")
    threading.Thread(target=fail).start()
    Stubborn()
    asyncio.run(forgotten())
    fail()


if __name__ == "__main__":
    main()
