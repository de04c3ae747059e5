"""Pictures of the page, for the README: `make screenshots` writes them to docs/screenshots.

The text is examples/lighthouse.txt; the model is a fake one that stands still for its picture.
"""

import asyncio
import sys
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, expect

from benchmarks.fake_upstream import Content, Done, FakeUpstream, Finish, Gate, Pause, Role, Script
from tests.browser import chromium, opened
from tests.servers import served, settings_for

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "examples" / "lighthouse.txt").read_text(encoding="utf-8")
BEGUN = (
    '{"bullets": ["The Eddystone Rocks lie fourteen miles south-west of Plymouth, hidden at high water.",'
    ' "Henry Winstanley built the first lighthouse of wood; it was lit in 1698 and swept away in 1703.",'
    ' "Winstanley built the first lighthouse of wood, it was lit in 1698 and swept away in 1703.",'
    ' "The second tower stood for forty-six years, until a candle set the lantern on fire in 1755.",'
    ' "Smeaton cut its granite'
)
OPEN = " blocks so that each locked"
REST = ' into its neighbours.", "His search for a mortar that hardens under water led to modern cement."]}'
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}
Scheme = Literal["light", "dark"]


def script(gate: Gate) -> Script:
    """Held at the gate, with a bullet open: a preview comes at most ten times a second."""
    return (Role(), Content(BEGUN), Pause(0.2), Content(OPEN, 100), gate, Content(REST), Finish(), Done())


async def take(browser: Browser, folder: Path) -> None:
    """light.png: while it runs; dark.png, narrow.png: when it is over."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await _take(browser, folder / "light.png", WIDE, "light", is_over=False)
    await _take(browser, folder / "dark.png", WIDE, "dark", is_over=True)
    await _take(browser, folder / "narrow.png", NARROW, "light", is_over=True)


async def _take(browser: Browser, file: Path, size: ViewportSize, scheme: Scheme, *, is_over: bool) -> None:
    gate = Gate()
    async with (
        FakeUpstream(script(gate)) as model,
        served(None, settings=settings_for(model)) as at,
        opened(browser, f"http://127.0.0.1:{at.port}/", viewport=size, color_scheme=scheme, scale=2) as page,
    ):
        await _summarise(page, gate, is_over=is_over)
        await page.screenshot(path=file)
        gate.open()


async def _summarise(page: Page, gate: Gate, *, is_over: bool) -> None:
    await page.get_by_role("textbox", name="Your text").fill(TEXT)
    await page.get_by_role("button", name="Summarise").click()
    if is_over:
        gate.open()
        await page.get_by_text("Done.").wait_for()
    else:
        await expect(page.locator("#preview")).to_contain_text("each locked")
    await page.locator(".bullet").nth(1).focus()


async def main(folder: Path) -> None:
    async with chromium() as browser:
        await take(browser, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
