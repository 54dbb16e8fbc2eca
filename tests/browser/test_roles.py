"""The admin as each role sees it: nothing fails, all can be read, the keyboard is enough."""

from datetime import timedelta
from io import StringIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from config import totals
from config.models import DeadLetter
from events.models import Event, EventMail
from tests.factories import PASSWORD, UserFactory
from users import roles
from users.models import User, UserImport

AXE = Axe()
WCAG = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa"]},
}
LISTS = {
    "administrator": ["events/event", "users/user", "config/deadletter", "auth/group"],
    "moderator": ["events/event", "users/contribution"],
    "organizer-support": ["events/event", "events/eventparticipant", "events/eventnotification"],
    "read-only": ["events/event", "users/user", "config/deadletter"],
}
FOCUS = """() => {
    const style = getComputedStyle(document.activeElement);
    const parent = getComputedStyle(document.activeElement.parentElement);
    const outlined = (one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0;
    const one = document.activeElement;
    return [one === document.body ? null : one.textContent.trim() || one.name || one.id,
            outlined(style) || outlined(parent) || style.boxShadow !== "none"];
}"""


@pytest.fixture
def life(transactional_db):
    """The demo, seen by people of each role."""
    call_command("populate", stdout=StringIO())
    call_command("seed_roles", stdout=StringIO())
    DeadLetter.objects.create(task="events.tasks.finish_event", task_id="1", reason="failed")
    totals.count()


@pytest.fixture
def signed_in_as(screen, life):
    def sign_in(role):
        person = UserFactory(is_staff=True, email=f"{role}@example.org")
        person.groups.add(Group.objects.get(name=role))
        screen.page.context.clear_cookies()
        screen.open("/admin/", "login")
        screen.page.fill("[name=username]", person.email)
        screen.page.fill("[name=password]", PASSWORD)
        screen.page.click("[type=submit]")
        return screen

    return sign_in


def check_access(screen, name):
    found = AXE.run(screen.page, options=WCAG).response["violations"]
    screen.faults += [
        f"{name}: {one['id']}: {node['target']} {node['html'][:300]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.timeout(400)
def test_walk(signed_in_as):
    """One after the other: to make the demo for each of them would take longer than the walks."""
    soon = Event.objects.filter(starts_at__gt=timezone.now() - timedelta(days=1)).first()
    for role in roles.ROLES:
        screen = signed_in_as(role)

        screen.look(f"{role}-home")
        check_access(screen, f"{role}-home")
        for path in [*LISTS[role], f"events/event/{soon.pk}/change"]:
            name = f"{role}-{path.replace('/', '-')}"
            screen.open(f"/admin/{path}/", name)
            check_access(screen, name)


def test_the_keyboard_reaches_what_matters(signed_in_as):
    screen = signed_in_as("administrator")
    page, reached = screen.page, []

    screen.open("/admin/events/event/", "keyboard")
    for _turn in range(80):
        page.keyboard.press("Tab")
        text, is_seen = page.evaluate(FOCUS)
        if text is None:  # once round
            break
        reached.append(text)
        assert is_seen, f"The focus on {text!r} is not to be seen."

    assert any("Limpeza" in text or "Plantio" in text for text in reached)


def test_what_is_searched_is_found(signed_in_as):
    screen = signed_in_as("administrator")
    event = Event.objects.first()

    screen.look("before-search")
    screen.page.keyboard.press("Control+k")
    screen.page.fill("#search-input-command", event.title[:12])
    screen.page.keyboard.press("Shift")
    screen.page.wait_for_selector("#command-results-list a")
    screen.look("search")
    check_access(screen, "search")

    assert event.title in screen.page.inner_text("#command-results-list")


def test_staff_write_to_participants(signed_in_as):
    screen = signed_in_as("organizer-support")
    page = screen.page
    event = Event.objects.published().upcoming().order_by("starts_at").first()

    screen.open(f"/admin/events/event/{event.pk}/write_mail/", "mail-new")
    page.fill("[name=subject]", "Tragam luvas")
    page.fill("[name=text]", "Tragam luvas e chapéu.\n\nAté sábado!")
    page.click("button[value=look]")
    screen.look("mail-preview")
    check_access(screen, "mail-preview")
    page.click("button[value=send]")
    page.wait_for_url(f"**/event/{event.pk}/change/")
    screen.look("mail-sent")
    screen.open("/admin/events/eventmail/", "mails")
    screen.open(
        f"/admin/events/event/{event.pk}/change/#dataset-eventnotification", "event-notifications"
    )

    assert EventMail.objects.get().subject == "Tragam luvas"


def test_people_are_imported_and_taken_away(signed_in_as):
    screen = signed_in_as("administrator")
    page = screen.page
    table = "email;nome;cidade\nrui@example.org;Rui;Belém\nerrado;Ana;Recife\n"

    screen.open("/admin/users/userimport/add/", "import-new")
    check_access(screen, "import-new")
    page.set_input_files(
        "input[type=file]",
        {"name": "pessoas.csv", "mimeType": "text/csv", "buffer": table.encode()},
    )
    page.click("#content button[type=submit]")
    page.wait_for_url("**/userimport/*/change/")
    screen.look("import-checked")
    check_access(screen, "import-checked")
    if screen.size == "phone":
        page.locator("#header-inner a[href='#']").click()
    page.click("a[href$='/confirm/']")
    screen.look("import-confirm")
    page.click("#content button[type=submit]")
    page.wait_for_url("**/userimport/*/change/")
    screen.look("import-done")

    assert UserImport.objects.get().status == "done"
    assert User.objects.filter(email="rui@example.org").exists()
