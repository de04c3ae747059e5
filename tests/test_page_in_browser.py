"""The page, as a person meets it: in Debian's Chromium, on a real server, with a fake model behind it.

What comes when is asserted by order: the model stands at a gate while the page is looked at.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, ViewportSize, expect
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.routing import Route as Endpoint

from benchmarks.fake_upstream import FakeUpstream, NoAnswer, Script, Status, answer, bullets
from streamsum.settings import Settings
from streamsum.web.app import create_app, lifespan
from tests.browser import chromium, needs_chromium, opened
from tests.held import held
from tests.keys import ALICE, keyed
from tests.node import package_file
from tests.readme import block
from tests.screenshots import take
from tests.scripted import ScriptedUpstream
from tests.servers import environment_for, served, serving, settings_for
from tests.tcp_proxy import TcpProxy, tcp_proxy

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.asyncio(loop_scope="module")]

SOURCE = "The tower was built of oak. It stood for forty-six years.\n\nA candle set the lantern on fire in 1755."
# What was withheld is not asked for again: the fake model would say it all again.
ONE_PASS = {"STREAMSUM_REASK": "0"}
LIMIT_S = 60  # a browser and two cores are shared with others; nothing here waits for a clock
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BEGUN = '{"bullets": ["The first."'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@dataclass(frozen=True)
class Shown:
    """An open page, the model behind it, and what is between the page and the service."""

    page: Page
    model: FakeUpstream
    network: TcpProxy

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

    async def try_again_at_once(self) -> None:
        """The pause that the server asked for is over: by the page's clock, which was taken over before."""
        await expect(self.status).to_contain_text("Trying again")
        await self.page.clock.fast_forward(10_000)

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()


@asynccontextmanager
async def shown(browser: Browser, *scripts: Script, **how: Any) -> AsyncIterator[Shown]:
    """The page of a server whose model plays these scripts, call by call; `how`: as `shown_at`."""
    async with (
        FakeUpstream(scripts) as model,
        served(None, settings=Settings.read(environment_for(model) | ONE_PASS), limit_s=LIMIT_S) as at,
        shown_at(at.port, browser, model, **how) as it,
    ):
        yield it


@asynccontextmanager
async def shown_at(
    port: int,
    browser: Browser,
    model: FakeUpstream,
    *,
    path: str = "/",
    viewport: ViewportSize | None = None,
    expected: str = "nothing",
) -> AsyncIterator[Shown]:
    """The page of the server at this port; `expected` on its console."""
    async with (
        tcp_proxy(port) as network,
        opened(
            browser,
            f"http://127.0.0.1:{network.port}{path}",
            viewport=viewport,
            permissions=["clipboard-read", "clipboard-write"],
            expected=expected,
        ) as page,
    ):
        yield Shown(page, model, network)


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
        ("🧪🧪🧪 👩‍👩‍👧‍👦 are several units each.\r\n\r\n", "It stood for forty-six years 🔥 and then it burned."),
        ("𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👍🏽 は難しい。", "天文台は1888年に山の上に建てられた。"),
    ],
    ids=["emoji", "CJK"],
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


async def test_stop_stops_a_model_that_has_said_nothing_yet(browser: Browser) -> None:
    """The POST is not answered yet, so nobody has told the summary's id: it is asked for."""
    async with shown(browser, (NoAnswer(),)) as it:
        await it.summarise()
        call = await it.model.next_call()
        await it.press("Stop")
        assert await call.closed(within=2) == "hung_up"
        await expect(it.status).to_contain_text("Stopped. No bullets")
        assert it.model.calls_made == 1


async def test_stop_says_so_when_the_server_does_not_answer(browser: Browser) -> None:
    """It claims nothing that nobody confirmed, and asks once."""
    gates, script = held('{"bullets": ["The first."', "]}")
    asked: list[str] = []

    async def fail(route: Route) -> None:
        asked.append(route.request.method)
        await route.abort()

    async with shown(browser, script, expected="net::ERR_") as it:
        await it.summarise()
        await expect(it.bullets).to_have_count(1)
        await it.page.route(re.compile("/v1/summaries/"), fail)
        await it.press("Stop")
        await expect(it.status).to_have_text("The server did not answer; it stops when nobody listens.")
        await expect(it.page.get_by_role("button", name="Try again")).to_be_visible()
        await expect(it.bullets).to_have_count(1)
        gates[0].open()
    assert asked == ["DELETE"]


async def test_a_key_that_is_revoked_in_the_middle_costs_no_bullet(browser: Browser) -> None:
    """To ask for another would be to begin anew, and to pay twice."""
    gates, script = held('{"bullets": ["The first."', "]}")

    async def refuse(route: Route) -> None:
        await route.fulfill(status=401, json={"code": "unauthenticated", "detail": "No."})

    async with shown(browser, script, expected="Failed to load resource") as it:
        await it.page.clock.install()
        await it.summarise()
        await expect(it.bullets).to_have_count(1)
        await it.page.route(re.compile("/v1/summaries/"), refuse)
        it.network.reset()
        await it.try_again_at_once()
        await expect(it.status).to_have_text("The server does not take this key any more.")
        await expect(it.page.get_by_label("API key")).to_be_hidden()
        await expect(it.bullets).to_have_count(1)
        gates[0].open()
        assert it.model.calls_made == 1


async def test_it_goes_on_after_a_cut(browser: Browser) -> None:
    """It says so; nothing is lost, shown twice, or asked of the model twice."""
    gates, script = held('{"bullets": ["The first."', ', "The second."', ', "The third."]}')
    async with shown(browser, script, expected="net::ERR_") as it:
        await it.page.clock.install()
        await it.summarise()
        await expect(it.bullets).to_have_count(1)
        it.network.break_off()
        await expect(it.status).to_contain_text("The connection was lost. Trying again (1 of 5)")
        it.network.flow()
        await it.try_again_at_once()
        gates[0].open()
        await expect(it.status).to_contain_text("Connected again")
        await expect(it.bullets).to_contain_text(["The first.", "The second."])
        gates[1].open()
        await expect(it.status).to_contain_text("Done. 3 bullets")
        await expect(it.bullets).to_contain_text(["The first.", "The second.", "The third."])
        assert it.model.calls_made == 1


HOSTILE = [
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "</li></ol><h1>Not a heading</h1>",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png) **bold** &lt;b&gt;",
    "# 1. no heading `code` data: x id: 9",
]


async def test_hostile_bullets_stay_text(browser: Browser) -> None:
    """Also in a source, and in the Markdown that is copied."""
    async with shown(browser, answer(bullets(*HOSTILE))) as it:
        await it.summarise("\n".join(HOSTILE))
        await expect(it.status).to_contain_text("Done. 4 bullets")
        assert [await each.evaluate("bullet => bullet.firstChild.data") for each in await it.bullets.all()] == HOSTILE
        assert await it.page.locator("main :is(img, script, h1, a)").count() == 0
        await it.press("Copy as Markdown")
        await expect(it.status).to_have_text("Copied.")
        assert await it.page.evaluate("navigator.clipboard.readText()") == (
            "- \\<img src=x onerror=alert(1)>\\<script>alert(2)\\</script>\n"
            "- \\</li>\\</ol>\\<h1>Not a heading\\</h1>\n"
            "- \\[click\\](javascript:alert(1)) !\\[x\\](https://evil.example/x.png) \\*\\*bold\\*\\* \\&lt;b\\&gt;\n"
            "- \\# 1. no heading \\`code\\` data: x id: 9\n"
        )


async def test_what_was_withheld_is_a_quiet_line(browser: Browser) -> None:
    """With the reason, in its place, and none of its text."""
    async with shown(browser, answer(bullets("The tower was oak.", "The tower was oak.", "A candle burned."))) as it:
        await it.summarise()
        await expect(it.status).to_contain_text("Done. 2 bullets")
        lines = await it.page.locator("#bullets > li").all_inner_texts()
        assert lines[1] == "One was withheld. The text has been said before, or nearly so."
        assert len(lines) == 3


async def test_what_nothing_supports_says_so(browser: Browser) -> None:
    """And so does a number that the text does not have."""
    async with shown(browser, answer(bullets("Penguins are fond of jazz.", "The tower stood for 99 years."))) as it:
        await it.summarise()
        await expect(it.bullets.nth(0)).to_contain_text("Nothing in your text was found that supports it.")
        await expect(it.bullets.nth(1)).to_contain_text("It has a number that your text does not have.")


async def test_a_key_is_asked_for_and_kept_in_memory_only(browser: Browser) -> None:
    """A wrong one is asked for again; the right one is not stored, and gone with the page."""
    async with (
        FakeUpstream(answer(bullets("One."))) as model,
        served(None, settings=keyed(settings_for(model)), limit_s=LIMIT_S) as at,
        shown_at(at.port, browser, model, expected="status of 401") as it,
    ):
        await it.summarise()
        field, note = it.page.get_by_label("API key"), it.page.locator("#key-note")
        await field.fill("wrong")
        await it.press("Use it")
        await expect(note).to_have_text("It did not take that one.")
        await expect(field).to_have_value("")
        await field.fill(ALICE)
        await it.page.keyboard.press("Enter")
        await expect(it.status).to_contain_text("Done. One bullet")
        await it.press("Try again")
        await expect(it.status).to_contain_text("Done. One bullet")
        kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
        assert ALICE not in await it.page.evaluate(kept)
        await it.page.reload()
        await it.summarise()
        await expect(field).to_be_visible()
        await it.press("Cancel")
        await expect(it.status).to_have_text("This server wants a key.")
        assert model.calls_made == 2


async def test_try_again_asks_anew(browser: Browser) -> None:
    """With what is wished for now; what came before is gone."""
    async with shown(browser, answer(bullets("One.", "Two.")), answer(bullets("Uno."))) as it:
        await it.summarise()
        await expect(it.status).to_contain_text("Done. 2 bullets")
        await it.page.get_by_label("Bullets", exact=True).first.fill("7")
        await it.page.get_by_label("Focus").fill("the candle")
        await it.page.get_by_label("Language").fill("es")
        await it.press("Try again")
        await expect(it.bullets).to_contain_text(["Uno."])
        await expect(it.page.locator("#count")).to_have_text("1 of 7")
        await it.model.next_call()
        asked = json.dumps((await it.model.next_call()).body["messages"])
        assert "the candle" in asked
        assert "es" in asked
        await it.press("Change the text")
        await expect(it.page.get_by_role("textbox", name="Your text")).to_be_focused()


async def test_a_failure_is_told_and_the_bullets_stay(browser: Browser) -> None:
    """Before the first content it is the answer's status, later the last event."""
    cut, open_end = answer(BEGUN, finish="content_filter"), answer(BEGUN)
    async with shown(browser, (Status(401),), open_end, cut, expected="status of 502") as it:
        await it.summarise()
        await expect(it.status).to_have_text("The model's server refused our request.")
        await it.press("Try again")
        await expect(it.status).to_have_text("The model's answer ended in the middle. The bullets above hold.")
        await expect(it.bullets).to_have_count(1)
        await it.press("Try again")
        await expect(it.status).to_contain_text("A content filter cut the model short. One bullet")


async def test_a_file_is_opened_or_dropped(browser: Browser, tmp_path: Path) -> None:
    """As UTF-8; what is no text is refused in words."""
    drop = """(bytes) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(bytes)], "a.txt", { type: "text/plain" }));
        for (const type of ["dragenter", "dragover", "drop"]) {
            document.getElementById("source").dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true }));
        }
    }"""
    (tmp_path / "a.txt").write_text("Aus einer Datei: Zürich 🏔", encoding="utf-8")
    async with shown(browser, answer(bullets())) as it:
        text = it.page.get_by_role("textbox", name="Your text")
        await it.page.get_by_label("Open a file").set_input_files(tmp_path / "a.txt")
        await expect(text).to_have_value("Aus einer Datei: Zürich 🏔")
        await it.page.evaluate(drop, list("Fallen gelassen: 東京".encode()))
        await expect(text).to_have_value("Fallen gelassen: 東京")
        await it.page.evaluate(drop, [0xFF, 0xFE, 0x00])
        await expect(it.status).to_have_text("That file is not a text in UTF-8.")
        await expect(text).to_have_value("Fallen gelassen: 東京")


async def test_evidence_far_down_is_scrolled_to_by_keyboard(browser: Browser) -> None:
    """Within the source; the page itself stays where it is."""
    far = "The candle set the lantern on fire."
    text = "\n".join(f"Line {n} says nothing of interest." for n in range(400)) + f"\n{far}\n"
    async with shown(browser, answer(bullets(far))) as it:
        await it.summarise(text)
        await expect(it.status).to_contain_text("Done.")
        await expect(it.page.get_by_role("button", name="Try again")).to_be_focused()
        for _ in range(9):
            await it.page.keyboard.press("Tab")
            if await it.marked.count():
                break
        await expect(it.marked).to_have_text(far)
        await expect(it.marked).to_be_in_viewport()
        described = await it.bullets.first.evaluate(
            "it => document.getElementById(it.getAttribute('aria-describedby'))"
        )
        assert described is not None
        assert await it.page.evaluate("scrollY") == 0


async def test_who_listens_is_told(browser: Browser) -> None:
    """Bullets and withheld lines come into a polite live region; the state into another."""
    async with shown(browser, answer(bullets("The tower was oak."))) as it:
        await it.summarise()
        await expect(it.page.locator("[aria-live=polite] .bullet")).to_have_count(1)
        await expect(it.page.locator("[role=status]")).to_contain_text("Done.")
        assert await it.page.locator("[aria-live] #preview").count() == 0


async def test_axe_finds_no_fault(browser: Browser) -> None:
    """While one writes, while it runs, when it is over, the latter two in the dark too; in the question for a key."""
    gates, script = held('{"bullets": ["The tower was built of oak.", "The tower was built of oak.", "It st', 'ood."]}')
    async with shown(browser, script) as it:
        assert await faults(it.page, "light") == []
        await it.summarise()
        await it.bullets.first.focus()
        await expect(it.preview).to_be_visible()
        assert await faults(it.page, *SCHEMES) == []
        gates[0].open()
        await expect(it.status).to_contain_text("Done.")
        assert await faults(it.page, *SCHEMES) == []
        await it.page.evaluate("document.getElementById('key').showModal()")
        assert await faults(it.page, "dark") == []


async def test_axe_finds_no_fault_in_the_api_page(browser: Browser) -> None:
    """`/docs`, in both schemes; it asks for nothing else, and says nothing on the console."""
    async with (
        served(ScriptedUpstream(), limit_s=LIMIT_S) as at,
        opened(browser, f"http://127.0.0.1:{at.port}/docs") as page,
    ):
        assert await faults(page, "light") == []
        assert await faults(page, "dark", runOnly=["color-contrast"]) == []  # nothing else differs, on a large page


async def faults(page: Page, *schemes: Literal["light", "dark"], **options: Any) -> list[str]:
    """What axe finds now, whatever it thinks of its weight."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(package_file("axe-core/axe.min.js"))
    found: list[str] = []
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        result = await page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **options})
        found += [
            f"{scheme} {each['impact']} {each['id']}: {[node['html'] for node in each['nodes']]}"
            for each in result["violations"]
        ]
    return found


async def test_a_narrow_screen_shows_all_of_it(browser: Browser) -> None:
    """Nothing is wider than the screen, before or after; the source stays in sight above its bullets."""
    script = answer(bullets("The tower was built of oak.", "x" * 200, "A candle burned."))
    async with shown(browser, script, viewport={"width": 320, "height": 640}) as it:
        width = "document.documentElement.scrollWidth"
        assert await it.page.evaluate(width) == 320
        await it.summarise(SOURCE + "y" * 300)
        await expect(it.status).to_contain_text("Done.")
        assert await it.page.evaluate(width) == 320
        await it.bullets.last.focus()
        await expect(it.bullets.last).to_be_in_viewport(ratio=1)
        await expect(it.marked.first).to_be_in_viewport()


async def test_the_pictures_are_taken(browser: Browser, tmp_path: Path) -> None:
    """`make screenshots` writes three."""
    files = await take(browser, tmp_path, scale=1)
    assert [each.name for each in files] == ["light.png", "dark.png", "narrow.png"]
    assert all(each.read_bytes().startswith(b"\x89PNG") for each in files)


async def test_it_works_where_the_app_is_mounted(browser: Browser) -> None:
    """Within another app, under a path: every reference is relative."""
    async with FakeUpstream(answer(bullets("The tower was built of oak."))) as model:
        app = create_app(settings_for(model))
        async with (
            lifespan(app),
            serving(Starlette(routes=[Mount("/sub", app)])) as port,
            shown_at(port, browser, model, path="/sub/") as it,
        ):
            await it.summarise()
            await expect(it.status).to_contain_text("Done. One bullet")


@pytest.mark.parametrize("what", ["static/streamsum.js", "new EventSource(`/stream"])
async def test_what_the_readme_says_to_write_runs(browser: Browser, what: str) -> None:
    """Each of its pieces of JavaScript, in a page of this origin."""
    piece = re.sub(r"^import (\{.*?\}) from (\S+);", r"const \1 = await import(\2);", block("js", what))
    async with shown(browser, answer(bullets("The tower was built of oak.", "A candle burned."))) as it:
        said = await it.page.evaluate(
            f"""(text) => new Promise((resolve) => {{
                const said = [];
                const console = {{ log: (...words) => said.push(words.at(-1)) === 2 && resolve(said) }};
                (async () => {{ {piece} }})();
            }})""",
            SOURCE,
        )
        assert said == ["The tower was built of oak.", "A candle burned."]


async def test_a_page_elsewhere_may_use_it_where_its_origin_is_allowed(browser: Browser) -> None:
    """streamsum.js from the server itself, with a key, by what CORS lets such a page see."""
    summarise = """async ([url, key]) => {
        const { summarize } = await import(`${url}/static/streamsum.js`);
        const summary = summarize("The tower was built of oak.", { key });
        const said = [];
        for await (const event of summary) said.push(event.type);
        return [said, summary.id.length];
    }"""
    async with elsewhere(browser, answer(bullets("The tower was built of oak."))) as (page, url):
        said = await page.evaluate(summarise, [url, ALICE])
    assert said == [["summary.created", "bullet", "summary.completed"], 22]


async def test_what_the_readme_says_to_write_elsewhere_runs(browser: Browser) -> None:
    """A fetch with the key, and an EventSource that follows with the ticket: where it says `summaries.example`."""
    piece = block("js", "respond-async")
    assert "https://summaries.example/" in piece
    async with elsewhere(browser, answer(bullets("The tower was built of oak."))) as (page, url):
        said = await page.evaluate(
            f"""async ([text, key]) => {{
                {piece.replace("https://summaries.example", url)}
                return await new Promise((resolve, reject) => {{
                    source.addEventListener("bullet", ({{ data }}) => resolve(JSON.parse(data).text));
                    source.addEventListener("error", () => reject(new Error("no events")));
                }}).finally(() => source.close());
            }}""",
            [SOURCE, ALICE],
        )
    assert said == "The tower was built of oak."


@asynccontextmanager
async def elsewhere(browser: Browser, script: Script) -> AsyncIterator[tuple[Page, str]]:
    """A page of another origin, and the URL of a service with keys that lets that origin in."""
    other = Starlette(routes=[Endpoint("/", PlainTextResponse("A page."))])
    async with FakeUpstream(script) as model, serving(other) as port:
        settings = replace(keyed(settings_for(model)), cors_origins=(f"http://127.0.0.1:{port}",))
        async with served(None, settings=settings, limit_s=LIMIT_S) as at, await browser.new_page() as page:
            await page.goto(f"http://127.0.0.1:{port}/")
            yield page, f"http://127.0.0.1:{at.port}"
