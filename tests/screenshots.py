"""Pictures of the page, for the README: `make screenshots` writes them to docs/screenshots.

The text is examples/lighthouse.txt; the model is a fake one that stands still for its picture.
"""

import asyncio
import sys
from pathlib import Path
from typing import Literal, NamedTuple

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


class Picture(NamedTuple):
    """What it shows, and where it goes."""

    file: Path
    size: ViewportSize
    scheme: Scheme
    is_over: bool


def script(gate: Gate) -> Script:
    """Held at the gate, with a bullet open: a preview comes at most ten times a second."""
    return (Role(), Content(BEGUN), Pause(0.2), Content(OPEN, 100), gate, Content(REST), Finish(), Done())


async def take(browser: Browser, folder: Path, *, scale: float = 2) -> list[Path]:
    """light.png: while it runs; dark.png, narrow.png: when it is over. `scale`: their pixels for one of the page."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    pictures = [
        Picture(folder / "light.png", WIDE, "light", is_over=False),
        Picture(folder / "dark.png", WIDE, "dark", is_over=True),
        Picture(folder / "narrow.png", NARROW, "light", is_over=True),
    ]
    for each in pictures:
        await _take(browser, each, scale)
    return [each.file for each in pictures]


async def _take(browser: Browser, picture: Picture, scale: float) -> None:
    gate = Gate()
    async with (
        FakeUpstream(script(gate)) as model,
        served(None, settings=settings_for(model), limit_s=60) as at,
        opened(
            browser,
            f"http://127.0.0.1:{at.port}/",
            viewport=picture.size,
            color_scheme=picture.scheme,
            scale=scale,
        ) as page,
    ):
        await _summarise(page, gate, is_over=picture.is_over)
        await page.screenshot(path=picture.file)
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
    """Of a browser of its own."""
    async with chromium() as browser:
        for file in await take(browser, folder):
            print(file)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
