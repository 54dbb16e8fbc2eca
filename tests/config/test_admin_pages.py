"""What holds for every page of the admin."""

import re
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

from config.models import DeadLetter
from events import services as event_services
from events.impact import monthly
from events.models import (
    Digest,
    Event,
    EventCategory,
    EventComment,
    EventMail,
    EventNotification,
    EventParticipant,
    EventPhoto,
    EventReport,
    EventSeries,
    ImpactReport,
    PhotoFlag,
    ReportContribution,
    Waiver,
)
from leads.models import (
    BulkMessage,
    Chunk,
    Conversation,
    Document,
    DutyShift,
    FollowUp,
    Lead,
    LeadImport,
    OpenQuestion,
    Sequence,
    WebhookEvent,
    WhatsAppInstance,
)
from tests.factories import (
    CategoryFactory,
    CommentFactory,
    EventFactory,
    ParticipantFactory,
    PhotoFactory,
    PledgeFactory,
    ResourceFactory,
    UserFactory,
)
from tests.leads.conftest import form as lead_of_form
from tests.leads.making import conversation
from users import services as users
from users.models import (
    Badge,
    BadgeAward,
    Contribution,
    Erasure,
    Export,
    LoginAttempt,
    User,
    UserImport,
)

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>'\""
# Written the same in both languages.
SAME = {
    "Mutirão",
    "WhatsApp",
    "PDF",
    "kg",
    "E-mail",
    "e-mail",
    "Latitude",
    "Longitude",
    "English",
    "Português Brasileiro",
    "pt-br",
    "en",
    "esc",
    "Ctrl + K",
    "csv",
    "evolution",
    "tavily",
    "deepgram",
    "claude",
    "openai",
    "web",
}


class Text(HTMLParser):
    """The words of a page that its readers see or hear."""

    SEEN = ("placeholder", "title", "aria-label", "data-label", "alt")

    def __init__(self, page):
        super().__init__()
        self.words, self.within = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.within.append((tag, dict(attributes)))
        self.words |= {value.strip() for name, value in attributes if name in self.SEEN and value}
        if tag in ("input", "img", "link", "meta", "br", "hr"):
            self.within.pop()

    def handle_endtag(self, tag):
        while self.within and self.within.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, attributes = self.within[-1] if self.within else ("", {})
        is_icon = "material-symbols" in (attributes.get("class") or "")
        if tag not in ("script", "style", "option") and not is_icon and data.strip():
            self.words.add(" ".join(data.split()))


@pytest.fixture
def rows(db, disk):
    """One of everything, with markup in every text field that people fill in."""
    user = UserFactory(first_name=EVIL[:80], last_name=EVIL[:80], bio=EVIL, city=EVIL)
    event = EventFactory(
        title=EVIL,
        description=EVIL,
        category=CategoryFactory(name=EVIL, description=EVIL),
        organizer=user,
        address=EVIL,
        city=EVIL,
        starts_at=timezone.now(),
    )
    place = ParticipantFactory(event=event, user=user)
    hoes = ResourceFactory(event=event, name=EVIL, description=EVIL)
    PledgeFactory(resource=hoes, participant=place)
    comment = CommentFactory(event=event, author=user, text=EVIL)
    comment.flags.create(user=user, reason=EVIL)
    Event.objects.filter(pk=event.pk).update(
        title=f"{EVIL}!", status="cancelled", cancel_reason=EVIL
    )
    line = users.record_contribution(
        user.pk, kind="hours", amount=3, source=EVIL, happened_at=timezone.now()
    )
    users.reverse_contribution(line, reason=EVIL)
    users.begin_session(user, users.Device("127.0.0.1", EVIL))
    report = EventReport.objects.create(
        event=event, status="returned", summary=EVIL, return_reason=EVIL
    )
    report.figures.create(kind="waste", amount=1)
    photo = PhotoFactory(
        event=event,
        uploader=user,
        caption=EVIL,
        image=default_storage.save("photos/a.jpg", ContentFile(b"picture")),
        thumbnail=default_storage.save("photos/b.jpg", ContentFile(b"picture")),
    )
    PhotoFlag.objects.create(photo=photo, user=user, reason="other", note=EVIL)
    start = timezone.now() + timedelta(days=3)
    series = event_services.start_series(
        user,
        {
            "title": EVIL,
            "category": event.category,
            "city": EVIL,
            "starts_at": start,
            "ends_at": start + timedelta(hours=1),
            "capacity": 1,
        },
        rule="FREQ=DAILY;COUNT=2",
        waiver=EVIL,
    )
    document = Document.objects.create(
        kind="faq", title=EVIL, text=EVIL, status="failed", error=EVIL
    )
    crontab = CrontabSchedule.objects.create(minute="0", hour="2", timezone="America/Sao_Paulo")
    badge = Badge.objects.create(
        slug="evil", name=EVIL, description=EVIL, metric="hours", threshold=1, category=EVIL
    )
    agreed = {"text": EVIL, "version": EVIL[:40]}
    lead = lead_of_form(agreed, email="lead@example.org", name=EVIL, city=EVIL, message=EVIL)
    lead.submissions.update(source=EVIL)
    lead.notes.create(author=user, text=EVIL)
    number = WhatsAppInstance.objects.create(name=EVIL, path_key="key", pause_reason=EVIL)
    sequence = Sequence.objects.create(name=EVIL, trigger="created")
    words = {"subject": EVIL, "subject_en": EVIL, "text_pt_br": EVIL, "text_en": EVIL}
    sequence.steps.create(position=1, delay_minutes=0, channel="email", **words)
    message = BulkMessage.objects.create(
        token=uuid4(), channel="email", subject=EVIL, text=EVIL, written_by=user
    )
    Lead.objects.filter(pk=lead.pk).update(
        tags=[EVIL[:40]], stage="lost", lost_reason=EVIL, source=EVIL
    )
    return {
        WhatsAppInstance: number,
        WebhookEvent: WebhookEvent.objects.create(
            instance=number, event=EVIL[:40], external_id=EVIL, payload=EVIL, error=EVIL
        ),
        Sequence: sequence,
        BulkMessage: message,
        FollowUp: FollowUp.objects.create(bulk=message, lead=lead, due_at=timezone.now()),
        DutyShift: DutyShift.objects.create(staff=user),
        User: user,
        Lead: lead,
        LeadImport: LeadImport.objects.create(
            file_name=EVIL,
            uploaded_by=user,
            rows=[{"name": EVIL}],
            row_count=1,
            errors=[[2, EVIL]],
            duplicates=[[2, lead.pk]],
            status=LeadImport.Status.CHECKED,
        ),
        Badge: badge,
        BadgeAward: BadgeAward.objects.create(badge=badge, user=user),
        Event: event,
        EventCategory: event.category,
        EventParticipant: place,
        EventMail: EventMail.objects.create(event=event, subject=EVIL, text=EVIL, written_by=user),
        EventComment: comment,
        EventPhoto: photo,
        Digest: Digest.objects.create(user=user, week=date(2026, 11, 23)),
        EventNotification: EventNotification.objects.create(
            event=event, user=user, kind="joined", version="1", reason=EVIL
        ),
        EventReport: report,
        EventSeries: series,
        Waiver: series.events.order_by("pk")[0].waivers.get(),
        ReportContribution: ReportContribution.objects.create(
            report=report, user=user, kind="waste", amount=1, status="rejected", reason=EVIL
        ),
        ImpactReport: ImpactReport.objects.create(
            month=date(2026, 3, 1), figures=monthly.of(date(2026, 3, 1)), pdf="reports/a.pdf"
        ),
        Document: document,
        Chunk: Chunk.objects.create(document=document, position=0, text=EVIL, asked=EVIL),
        OpenQuestion: OpenQuestion.objects.create(text=EVIL, document=document),
        Contribution: line,
        Conversation: conversation(EVIL, ("person", EVIL), ("agent", EVIL), summary=EVIL),
        Erasure: Erasure.objects.create(user=user, reason=EVIL),
        UserImport: UserImport.objects.create(
            file_name=EVIL,
            uploaded_by=user,
            rows=[{"email": EVIL}],
            row_count=1,
            errors=[[2, EVIL]],
            status=UserImport.Status.CHECKED,
        ),
        Export: Export.objects.create(
            what="users.User", file_format="csv", row_count=1, exported_by=user
        ),
        LoginAttempt: LoginAttempt.objects.create(account=EVIL, address="127.0.0.1"),
        Group: Group.objects.create(name=EVIL),
        CrontabSchedule: crontab,
        IntervalSchedule: IntervalSchedule.objects.create(every=5, period="minutes"),
        ClockedSchedule: ClockedSchedule.objects.create(clocked_time=timezone.now()),
        DeadLetter: DeadLetter.objects.create(
            task=EVIL, task_id="1", args=[EVIL], reason=DeadLetter.Reason.FAILED, error=EVIL
        ),
        PeriodicTask: PeriodicTask.objects.create(
            name=EVIL, task="events.tasks.cleanup_expired_events", crontab=crontab
        ),
    }


def pages_of(rows):
    """The list and the page of each model, and the pages that belong to none."""
    for model, row in rows.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[row.pk])
    yield reverse("admin:index")
    yield reverse("breakers")
    yield reverse("admin:events_event_add")
    yield reverse("admin:leads_sequence_add")
    yield reverse("admin:leads_sequence_dry_run", args=[rows[Sequence].pk])
    yield reverse("admin:leads_dutyshift_add")
    yield reverse("admin:users_user_add")
    yield reverse("admin:users_userimport_add")
    yield reverse("admin:leads_leadimport_add")
    yield reverse("admin:leads_lead_board")
    yield reverse("admin:leads_lead_merge", args=[rows[Lead].pk])
    yield reverse("admin:users_badge_add")
    yield reverse("admin:leads_document_add")
    yield reverse("admin:leads_openquestion_answer", args=[rows[OpenQuestion].pk])
    yield reverse("admin:users_badge_enable", args=[rows[Badge].pk])
    yield reverse("admin:auth_user_password_change", args=[rows[User].pk])
    yield reverse("admin:password_change")


def test_every_model_is_looked_at(rows):
    assert set(admin.site._registry) == set(rows)


def test_markup_of_people_is_shown_as_text(admin_client, rows):
    for page in pages_of(rows):
        text = admin_client.get(page).text
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page


def test_commands_show_markup_as_text(admin_client, rows):
    event = rows[Event]

    asked = admin_client.get(reverse("admin:events_event_cancel", args=[event.pk]))
    answer = {"confirmed": "yes", "reason": EVIL}
    refused = admin_client.post(asked.request["PATH_INFO"], answer, follow=True)

    for response in (asked, refused):
        assert "&lt;script&gt;" in response.text
        assert "<script>alert" not in response.text


def names():
    """What the database calls things."""
    pairs = [
        row for model in (EventCategory, Badge) for row in model.objects.values_list("name", "slug")
    ]
    sequences = Sequence.objects.values_list("name", flat=True)
    return {name for pair in pairs for name in pair} | {*sequences, "America/Sao_Paulo"}


def is_typed(word):
    """Whether a person said it, or it has no letters."""
    signs = ("@", "alert(1)", "m/h/dM", "→", "#", "/badges/", "FREQ=")
    is_known = any(sign in word for sign in signs)
    return is_known or len(word) < 2 or not any(map(str.isalpha, word))


def test_every_word_is_translated(admin_client, rows):
    """What reads the same in both languages was left out by the translation."""
    left, known = {}, names() | SAME

    for page in pages_of(rows):
        portuguese = Text(admin_client.get(page).text).words
        english = Text(admin_client.get(page, headers={"accept-language": "en"}).text).words
        left[page] = {word for word in (portuguese & english) - known if not is_typed(word)}

    assert {page: words for page, words in left.items() if words} == {}


def test_language_is_switched(admin_client):
    assert "Tarefas periódicas" in admin_client.get("/admin/").text

    choice = {"language": "en", "next": "/admin/"}
    response = admin_client.post(reverse("set_language"), choice, follow=True)

    assert response.headers["Content-Language"] == "en"
    assert "Periodic tasks" in response.text


def test_staff_without_permission_see_nothing(client, rows):
    client.force_login(UserFactory(is_staff=True))

    home = client.get("/admin/").text

    for page in pages_of(rows):
        if page not in (reverse("admin:index"), reverse("admin:password_change")):
            assert client.get(page).status_code == 403, page
            assert page not in home


def test_who_is_no_staff_is_sent_to_the_login(client, user, rows):
    client.force_login(user)

    for page in pages_of(rows):
        assert client.get(page).url.startswith("/admin/login/"), page
        assert client.post(page).url.startswith("/admin/login/"), page


def test_pages_need_nobody_else(admin_client, rows):
    """Every file they ask for is served here, and the policy allows no other place."""
    files = {"/favicon.ico"}

    for page in pages_of(rows):
        response = admin_client.get(page)
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
        files |= set(
            re.findall(r"""<(?:link|script|img)[^>]+(?:href|src)=["']([^"']+)""", response.text)
        )

    for file in map(unescape, files):
        assert file.startswith("/"), file
        response = admin_client.get(file)
        assert response.status_code == 200, file
        assert response.getvalue(), file  # read to its end, which closes it
