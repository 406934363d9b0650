"""One Chromium for the tests of a module, and pages that may load nothing but their own file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser.sample import sample
from playwright.sync_api import Browser, Page, Route, sync_playwright

from symce.documents.blocks import Handout, Live
from symce.documents.html import render_html
from symce.targets.javascript import script


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("the tests of the page need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def html(handout: Handout) -> str:
    """The page of a handout, its kernels' script in it."""
    kernels = {k.name: k for block in handout.blocks if isinstance(block, Live) for k in block.kernels}
    return render_html(handout, script(tuple(kernels.values())))


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sample, as a file."""
    path = tmp_path_factory.mktemp("page") / "sample.html"
    path.write_text(html(sample()), encoding="utf-8")
    return path


@dataclass
class Visit:
    """An open page, and what it did that it should not."""

    page: Page
    wrong: list[str] = field(default_factory=list)


@pytest.fixture
def visit(chromium: Browser, file: Path) -> Iterator[Callable[..., Page]]:
    """Opens the page, with options of a browser context. Afterwards no console error and no request may be recorded."""
    visits: list[Visit] = []

    def open_page(width: int = 1280, *, fragment: str = "", **options: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        visited = Visit(context.new_page())
        visits.append(visited)

        def only_the_file(route: Route) -> None:
            if route.request.url.partition("#")[0] == file.as_uri():
                route.continue_()
            else:
                visited.wrong.append(f"request of {route.request.url}")
                route.abort()

        visited.page.set_default_timeout(15_000)
        visited.page.set_default_navigation_timeout(90_000)  # the chapter is 2 MB, and the machine may have other work
        visited.page.route("**/*", only_the_file)
        visited.page.on("console", lambda m: visited.wrong.append(m.text) if m.type in ("error", "warning") else None)
        visited.page.on("pageerror", lambda error: visited.wrong.append(str(error)))
        visited.page.goto(file.as_uri() + fragment)
        return visited.page

    yield open_page
    wrong = [what for visited in visits for what in visited.wrong]
    for visited in visits:
        visited.page.context.close()
    assert wrong == []
