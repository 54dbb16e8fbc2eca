"""A real browser in front of the running site. SCREENSHOTS=folder keeps a picture of each page."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.factories import PASSWORD, UserFactory

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


class Screen:
    """A page of the browser that notes whatever goes wrong on it."""

    def __init__(self, page, address, size):
        self.page, self.address, self.size = page, address, size
        self.faults = []
        page.set_default_timeout(20_000)
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("requestfailed", self._on_failure)
        page.on("response", self._on_response)
        page.on("request", self._on_request)

    def _on_console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text} ({self.page.url})")

    def _on_failure(self, request):
        if request.failure != "net::ERR_ABORTED":  # a page that stops its own request
            self.faults.append(f"{request.failure}: {request.url}")

    def _on_response(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def _on_request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"foreign: {request.url}")

    def open(self, path, name=None):
        self.page.goto(self.address + path)
        self.look(name or path.strip("/").replace("/", "-"))

    def look(self, name):
        """Keep a picture, and check that nothing is wider than the screen."""
        self.page.wait_for_load_state("load")
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = f"{folder}/{self.size}-{name}.png"
            self.page.screenshot(path=path, full_page=True, animations="disabled")
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > SIZES[self.size][0]:
            self.faults.append(f"{name} is {width} wide")


@pytest.fixture(scope="module")
def browser():
    """One for all tests of a module, so that files stay in its cache."""
    if CHROMIUM is None:
        pytest.skip("There is no chromium on this machine.")
    # While Playwright runs, an event loop stands in this thread, and Django would refuse it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo")
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=SIZES)
def screen(request, browser, live_server):
    screen = Screen(browser.new_page(), live_server.url, request.param)
    yield screen
    screen.page.close()
    browser.clear_cookies()
    assert not screen.faults, "\n".join(screen.faults)


@pytest.fixture
def superuser(transactional_db):
    return UserFactory(is_staff=True, is_superuser=True, email="equipe@example.org")


@pytest.fixture
def signed_in(screen, superuser):
    page = screen.page
    screen.open("/admin/", "login")
    page.fill("[name=username]", "Equipe@example.org")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    screen.look("home")
    return screen
