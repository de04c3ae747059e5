"""Debian's Chromium, driven by Playwright: one for a module, with a new profile for each test."""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

CHROMIUM = shutil.which("chromium", path=f"{os.environ.get('PATH', '')}:/usr/bin")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: on Debian, apt-get install chromium")

# It is root's in a container, it has no screen, and it talks to nobody but to us.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A loaded machine may take its time; nothing here is slow of itself.
LIMIT_MS = 30_000
expect.set_options(timeout=LIMIT_MS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running one."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    *,
    viewport: ViewportSize | None = None,
    color_scheme: Literal["light", "dark"] = "light",
    scale: float = 1,
    permissions: Sequence[str] = (),
    expected: str = "nothing",
) -> AsyncIterator[Page]:
    """The page at `url`; at the end it has said nothing on its console, and asked nobody else for anything.

    `expected`: but for what has these words in it. Chromium itself says there when a request fails.
    """
    context = await browser.new_context(
        viewport=viewport,
        color_scheme=color_scheme,
        device_scale_factor=scale,
        permissions=permissions,
        reduced_motion="reduce",
    )
    context.set_default_timeout(LIMIT_MS)
    said: list[str] = []
    try:
        page = await context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(url) else said.append(request.url))
        await page.goto(url)
        yield page
        assert [each for each in said if expected not in each] == []
    finally:
        await context.close()
