"""web/page.py: the page's files, as HTTP has them. What they do in a browser is in test_page_in_browser.py."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.scripted import ScriptedUpstream
from tests.servers import served

ROOT = Path(__file__).parent.parent
STATIC = files("streamsum.web") / "static"
FILES = sorted(each.name for each in STATIC.iterdir())
PATHS = ["/", *[f"/static/{name}" for name in FILES if name != "index.html"]]
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@pytest.mark.parametrize("path", PATHS)
async def test_each_file_is_served_as_what_it_is(path: str) -> None:
    """Whole, under its type, never taken for another, and asked for again each time."""
    async with served(ScriptedUpstream()) as at:
        response = await at.client.get(path)
        name = path.rpartition("/")[2] or "index.html"
        assert (response.status_code, response.content) == (200, (STATIC / name).read_bytes())
        assert response.headers["content-type"] == TYPES[name.rpartition(".")[2]]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-cache"


async def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    """No inline script or style, no other host, no frame around it, no string that becomes markup."""
    async with served(ScriptedUpstream()) as at:
        policy = dict(
            each.split(" ", 1) for each in (await at.client.get("/")).headers["content-security-policy"].split("; ")
        )
        assert policy["default-src"] == "'none'"
        assert {policy[kind] for kind in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
        assert {policy[kind] for kind in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
        assert policy["require-trusted-types-for"] == "'script'"


async def test_who_has_it_already_is_told_so() -> None:
    """By a tag of its content, weak or not, alone or among others; another tag gets the file."""
    async with served(ScriptedUpstream()) as at:
        for path in PATHS:
            tag = (await at.client.get(path)).headers["etag"]
            assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
            for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
                again = await at.client.get(path, headers={"If-None-Match": given})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert (await at.client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_head_is_get_without_the_body() -> None:
    """Here it starts nothing."""
    async with served(ScriptedUpstream()) as at:
        got, head = await at.client.get("/"), await at.client.head("/")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    "path",
    [
        "/static",
        "/static/",
        "/static/nowhere.js",
        "/static/index.html",
        "/static/../page.py",
        "/static/%2e%2e%2fpage.py",
        "/static/a/b",
    ],
)
async def test_nothing_else_is_there(path: str) -> None:
    """A path is one of a few names, and no path of a file system."""
    async with served(ScriptedUpstream()) as at:
        response = await at.client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_it_takes_nothing() -> None:
    """Other methods are refused."""
    async with served(ScriptedUpstream()) as at:
        response = await at.client.post("/", content=b"a")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_nothing_inline_and_nothing_from_elsewhere_is_in_the_files() -> None:
    """No style or script in the markup, no address of another host, nothing that turns a string into markup."""
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", html)
    for name in FILES:
        text = (STATIC / name).read_text(encoding="utf-8")
        assert not re.search(r"innerHTML *=|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name
        elsewhere = set(re.findall(r"https?://[^\s\"')]+", text))
        assert {
            each for each in elsewhere if not each.startswith(("http://www.w3.org/", "https://html.spec."))
        } == set()
    scripts = set(re.findall(r'(?:src|href)="static/([^"]+)"', html))
    assert scripts == set(FILES) - {"index.html"}


def test_the_files_are_in_the_wheel() -> None:
    """And with it in the image, which is made of nothing else."""
    included = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"streamsum/web/static/{name}" for name in FILES} - included == set()
