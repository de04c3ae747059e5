"""The page, as a person meets it: in Debian's Chromium, on a real server, with a fake model behind it.

What comes when is asserted by order: the model stands at a gate while the page is looked at.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from benchmarks.fake_upstream import Content, Done, FakeUpstream, Finish, Gate, Role, Script, answer, bullets
from tests.browser import chromium, needs_chromium, opened
from tests.servers import served, settings_for

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

SOURCE = "The tower was built of oak. It stood for forty-six years.\n\nA candle set the lantern on fire in 1755."
WHOLE = 10_000  # characters a token: each content in one piece


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@dataclass(frozen=True)
class Shown:
    """An open page, and the model behind it."""

    page: Page
    model: FakeUpstream

    @property
    def bullets(self) -> Locator:
        return self.page.locator(".bullet")

    @property
    def marked(self) -> Locator:
        return self.page.locator("mark.active")

    @property
    def preview(self) -> Locator:
        return self.page.locator("#preview")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    async def summarise(self, text: str = SOURCE) -> None:
        await self.page.get_by_role("textbox", name="Your text").fill(text)
        await self.press("Summarise")

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()


@asynccontextmanager
async def shown(browser: Browser, script: Script) -> AsyncIterator[Shown]:
    """The page of a server whose model plays `script`."""
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as at,
        opened(browser, f"http://127.0.0.1:{at.port}/") as page,
    ):
        yield Shown(page, model)


def held(*pieces: str) -> tuple[list[Gate], Script]:
    """A document in pieces, and the gates between them."""
    gates = [Gate() for _ in pieces[1:]]
    rest = [step for gate, piece in zip(gates, pieces[1:], strict=True) for step in (gate, Content(piece, WHOLE))]
    return gates, (Role(), Content(pieces[0], WHOLE), *rest, Finish(), Done())


async def test_bullets_come_one_by_one(browser: Browser) -> None:
    """Each is there before the model has written the next."""
    gates, script = held('{"bullets": ["The first."', ', "The second."', ', "The third."', "]}")
    async with shown(browser, script) as it:
        await it.summarise()
        for number, gate in enumerate(gates, start=1):
            await gate.reached()
            await expect(it.bullets).to_contain_text(["The first.", "The second.", "The third."][:number])
            await expect(it.bullets).to_have_count(number)
            await expect(it.page.locator("#count")).to_have_text(f"{number} of 5")
            await expect(it.page.locator("#first")).to_contain_text("first after")
            gate.open()
        await expect(it.status).to_contain_text("Done. 3 bullets")


async def test_the_open_bullet_is_grey_until_it_is_confirmed(browser: Browser) -> None:
    """It stands where it will stand, in the colour of what proves nothing; and nobody is read it."""
    gates, script = held('{"bullets": ["It stood for', ' forty-six years."', "]}")
    async with shown(browser, script) as it:
        await it.summarise()
        await expect(it.preview).to_have_text("It stood for")
        await expect(it.preview).to_have_attribute("data-number", "1")
        await expect(it.preview).to_have_attribute("aria-hidden", "true")
        grey = await colour(it.preview)
        gates[0].open()
        await expect(it.bullets).to_contain_text(["It stood for forty-six years."])
        await expect(it.preview).to_be_hidden()
        assert await colour(it.bullets) != grey
        gates[1].open()
        await expect(it.status).to_contain_text("Done. One bullet")


async def colour(element: Locator) -> str:
    found: str = await element.evaluate("element => getComputedStyle(element).color")
    return found


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("Plain words come first. ", "It stood for forty-six years."),
        ("🧪🧪🧪 👩‍👩‍👧‍👦 are several units each. ", "It stood for forty-six years 🔥 and then it burned."),
        ("𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👍🏽 は難しい。", "天文台は1888年に山の上に建てられた。"),
        ("Line one 🌍.\r\n\r\nLine two.\n", "The lantern 🏮 was set on fire in 1755."),
    ],
    ids=["plain", "emoji", "CJK", "lines"],
)
async def test_the_evidence_that_is_marked_is_what_the_server_meant(
    browser: Browser, before: str, sentence: str
) -> None:
    """Offsets count code points, strings UTF-16 units: the very sentence is marked, on hover and on focus."""
    text = f"{before}{sentence} 🎈 And something else follows here."
    async with shown(browser, answer(bullets("Something else follows here.", sentence))) as it:
        await it.summarise(text)
        await expect(it.status).to_contain_text("Done.")
        await it.bullets.nth(1).hover()
        assert "".join(await it.marked.all_text_contents()).strip() == sentence
        await it.bullets.nth(0).focus()
        assert "something else follows here." in "".join(await it.marked.all_text_contents())
        assert sentence not in "".join(await it.marked.all_text_contents())
        await it.page.keyboard.press("Tab")
        assert "".join(await it.marked.all_text_contents()).strip() == sentence


async def test_stop_stops_the_model(browser: Browser) -> None:
    """The upstream is hung up, and what was confirmed stays."""
    gates, script = held('{"bullets": ["The first."', "]}")
    async with shown(browser, script) as it:
        await it.summarise()
        await gates[0].reached()
        await expect(it.bullets).to_have_count(1)
        await it.press("Stop")
        assert await (await it.model.next_call()).closed(within=2) == "hung_up"
        await expect(it.status).to_contain_text("Stopped. One bullet")
        await expect(it.bullets).to_have_count(1)
