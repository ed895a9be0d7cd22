"""Fixtures for the pages' tests: a real browser, and a real application that the tests of a process share.

In local mode each browser context is a user of its own, so the shared application keeps tests apart. Tests that need
other settings, or all rows of a table, start their own with `serve` or `frontdesk`.
"""

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from graph.models.factory import LocalModels
from tests.pages.chat_page import ChatPage, open_chat
from tests.support.app import Frontdesk, serving
from tests.support.chromium import INSTALLED, launched
from tests.support.cluster import Cluster
from tests.support.database import owner
from tests.support.model_server import ModelServer

expect.set_options(timeout=30_000)

UNOPTIMISED = "--js-flags=--no-opt --no-maglev"
"""A test closes its pages before it pays off to compile their code a second time, and better."""


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this test process."""
    if INSTALLED is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed here; where CI is set, it must be")
    async with async_playwright() as playwright, launched(playwright, UNOPTIMISED) as started:
        yield started


@pytest.fixture(scope="session")
async def shared_app(
    cluster: Cluster,
    template: str,
    model_server: ModelServer,
    local: LocalModels,
    worker_id: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Frontdesk]:
    """The application in local mode, started once in this test process."""
    name = f"pages_{worker_id}"
    url = cluster.create(name, template)
    folder = tmp_path_factory.mktemp("pages")
    async with serving(url, model_server.url, local, folder) as serve:
        # A model may be silent for half as long, and a test keeps it so until the page shows something.
        yield await serve(jwt_secret=None, turn_timeout=120)


@pytest.fixture
async def local_app(shared_app: Frontdesk, model: ModelServer) -> AsyncIterator[Frontdesk]:
    """The shared application; at the end its browsers are gone and all turns of the test are complete."""
    yield shared_app
    await shared_app.abandoned()


@pytest.fixture
async def empty_app(local_app: Frontdesk) -> Frontdesk:
    """The shared application without metrics: in local mode the dashboard shows those of all users."""
    await owner(local_app.service.url, "truncate xai_chat_metrics")
    return local_app


@pytest.fixture
async def chat(browser: Browser, local_app: Frontdesk) -> AsyncIterator[ChatPage]:
    """The chat page of a new user."""
    async with open_chat(browser, local_app.url) as opened:
        yield opened
        await local_app.settled()
