"""Pictures in the report of a month: which ones, and that none stays which is shown no more."""

from datetime import UTC, date, datetime

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from events import services, tasks
from events.impact import pictures
from events.models import EventPhoto, EventReport, ImpactReport
from tests.events.test_impact import held
from tests.factories import PhotoFactory, UserFactory
from tests.pictures import picture

MARCH = date(2026, 3, 1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("disk")]


def event_on(day, **fields):
    return held(starts_at=datetime(2026, 3, day, 15, tzinfo=UTC), **fields)


def photo(event, **fields):
    """With a file that tells it apart: its size is that of its number."""
    one = PhotoFactory(event=event, **fields)
    file = ContentFile(picture(size=(20 + one.pk % 200, 20)).read())
    EventPhoto.objects.filter(pk=one.pk).update(image=default_storage.save("photos/a.jpg", file))
    one.refresh_from_db()
    return one


def pair(event, caption="", **fields):
    before = photo(event, stage="before", **fields)
    return photo(event, stage="after", pair_with=before, caption=caption)


def content(one):
    with default_storage.open(one.image.name) as file:
        return file.read()


def shown():
    return [caption for _before, _after, caption in pictures.pairs(MARCH)]


@pytest.fixture
def drawn():
    """The report of March, whose file shows the pair of an event."""
    after = pair(event_on(9))
    services.generate_monthly_report(MARCH)
    report = ImpactReport.objects.get()
    assert images(report) == 2
    return after


def images(report):
    with default_storage.open(report.pdf.name) as file:
        return file.read().count(b"/Subtype /Image")


def test_a_pair_is_the_place_before_and_after_with_its_caption():
    after = pair(event_on(9), "Canto sul")

    [(first, second, caption)] = pictures.pairs(MARCH)

    assert (first, second) == (content(after.pair_with), content(after))
    assert caption == "Canto sul"


def test_without_a_caption_the_event_says_what_it_is():
    pair(event_on(9, title="Praia"))

    assert shown() == ["Praia"]


def test_of_each_event_the_newest_pair_that_is_shown_is_told():
    event = event_on(9)
    for caption in ("velho", "novo", "escondido"):
        after = pair(event, caption)
    EventPhoto.objects.filter(pk=after.pk).update(status="hidden")

    assert shown() == ["novo"]


@pytest.mark.parametrize("which", ["before", "after"])
def test_what_an_approved_report_tells_of_comes_first(monkeypatch, which):
    monkeypatch.setattr(pictures, "MOST", 1)
    pair(event_on(1), "primeiro")
    event = event_on(9, figures={})
    chosen = pair(event, "do relatório")
    pair(event, "mais novo")
    event.report.photos.add(chosen if which == "after" else chosen.pair_with)

    assert shown() == ["do relatório"]

    EventReport.objects.filter(event=event).update(status="draft")
    assert shown() == ["primeiro"]


@pytest.mark.parametrize("status", ["waiting", "hidden"])
def test_nothing_is_told_of_a_pair_of_which_one_is_not_shown(status):
    pair(event_on(9), status=status)

    assert shown() == []


def test_pictures_of_other_months_and_without_a_pair_are_not_told():
    pair(held(starts_at=datetime(2026, 4, 1, 3, tzinfo=UTC)))
    photo(event_on(9), stage="after")

    assert shown() == []


def test_no_more_are_told_than_fit(monkeypatch):
    monkeypatch.setattr(pictures, "MOST", 2)
    for day in (1, 2, 3):
        pair(event_on(day))

    assert len(shown()) == 2


def flag(photo):
    services.flag_photo(photo, UserFactory(), reason="shows_me")


def remove(photo):
    services.remove_photo(photo, by=UserFactory(is_staff=True), reason="Não.")


@pytest.mark.parametrize("take_away", [flag, remove, services.delete_photo])
@pytest.mark.parametrize("which", ["before", "after"])
def test_a_photo_that_is_shown_no_more_leaves_the_file_of_its_month(
    drawn, take_away, which, django_capture_on_commit_callbacks
):
    report = ImpactReport.objects.get()
    old, figures = report.pdf.name, report.figures

    with django_capture_on_commit_callbacks(execute=True):
        take_away(drawn if which == "after" else drawn.pair_with)

    report.refresh_from_db()
    assert not default_storage.exists(old)
    assert images(report) == 0
    assert report.figures == figures


def test_until_it_is_drawn_again_nobody_gets_the_file(drawn, anonymous):
    flag(drawn)

    assert anonymous.get("/api/v1/events/impact/monthly/2026-03.pdf").status_code == 404


def test_what_was_lost_between_commit_and_queue_is_drawn_by_the_sweep(drawn):
    flag(drawn)

    for _ in range(2):
        tasks.draw_waiting_months()

    assert images(ImpactReport.objects.get()) == 0


def test_a_file_that_was_drawn_while_a_photo_went_is_not_kept(
    drawn, monkeypatch, django_capture_on_commit_callbacks
):
    """The photo goes after it was read, and before the name of the file is stored."""
    with django_capture_on_commit_callbacks() as later:
        flag(pair(event_on(10)))
    for callback in later[:1]:  # the file is deleted, the message lost
        callback()
    read = pictures._read

    def read_and_hide(one):
        found = read(one)
        if one.status == "shown" and one.pk == drawn.pk:
            flag(one)
        return found

    monkeypatch.setattr(pictures, "_read", read_and_hide)
    services.draw_month(ImpactReport.objects.get().pk)
    assert services.undrawn_months()

    tasks.draw_waiting_months()

    assert images(ImpactReport.objects.get()) == 0
    assert len(default_storage.listdir("reports")[1]) == 1


def test_a_photo_of_another_month_leaves_the_file_as_it_is(drawn):
    before = ImpactReport.objects.get().pdf.name

    flag(PhotoFactory(event=held(starts_at=datetime(2026, 4, 2, 15, tzinfo=UTC))))
    flag(photo(event_on(11), status="waiting"))

    assert ImpactReport.objects.get().pdf.name == before
