from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission

from tests.factories import UserFactory
from tests.users.lines import attend
from users import services
from users.admin import badges
from users.models import Badge, BadgeAward

LIST = "/admin/users/badge/"
AWARDS = "/admin/users/badgeaward/"
MAY = datetime(2027, 5, 3, 15, tzinfo=UTC)


@pytest.fixture
def badge(db):
    return Badge.objects.create(
        slug="novo", name="Nova medalha", description="…", metric="events", threshold=1
    )


def test_staff_write_a_badge_which_is_not_enabled_yet(admin_client):
    fields = {
        "name": "Dez horas",
        "slug": "dez-horas",
        "description": "Doou dez horas.",
        "icon": "clock",
        "metric": "hours",
        "threshold": "10",
        "category": "",
        "window_days": "",
    }

    admin_client.post(f"{LIST}add/", fields)

    badge = Badge.objects.get(slug="dez-horas")
    assert (badge.threshold, badge.is_enabled) == (10, False)


def test_a_rule_without_sense_is_refused(admin_client):
    fields = {"name": "x", "slug": "x", "description": "x", "icon": "clock", "metric": "streak"}

    response = admin_client.post(f"{LIST}add/", {**fields, "threshold": "2", "window_days": "7"})

    assert "Semanas seguidas não se contam em dias." in response.text
    assert not Badge.objects.filter(slug="x").exists()


def test_who_would_get_it_is_shown_before_it_is_enabled(
    admin_client, badge, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(badges, "NAMES_SHOWN", 3)
    for number, person in enumerate(UserFactory.create_batch(5, password="!")):
        attend(person, *(MAY + timedelta(days=day) for day in range(1 + (number == 4))))
    page = f"{LIST}{badge.pk}/enable/"

    text = admin_client.get(page).text
    assert "5 pessoas a recebem agora." in text
    assert text.count("Silva") == 3
    assert person.name in text  # the one with the most comes first
    assert not badge.awards.exists()

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(page, {"confirmed": "yes"})
    badge.refresh_from_db()
    assert badge.is_enabled
    assert badge.awards.count() == 5


def test_the_preview_of_a_badge_that_was_enabled_before_tells_who_is_new(admin_client, badge, user):
    attend(user, MAY)
    services.enable_badge(badge)
    services.evaluate_badges()
    services.disable_badge(badge)
    attend(UserFactory(first_name="Nova"), MAY)

    text = admin_client.get(f"{LIST}{badge.pk}/enable/").text

    assert "1 pessoa a recebe agora." in text
    assert "Nova" in text
    assert user.name not in text


def test_the_rule_of_a_badge_that_may_be_earned_stays(admin_client, badge):
    services.enable_badge(badge)
    fields = {"name": "Outro nome", "slug": "novo", "description": "…", "icon": "tree"}
    rule = {"metric": "hours", "threshold": "0.01", "category": "", "window_days": ""}

    admin_client.post(f"{LIST}{badge.pk}/change/", {**fields, **rule})

    badge.refresh_from_db()
    assert (badge.name, badge.metric, badge.threshold) == ("Outro nome", "events", 1)


def test_a_badge_is_disabled_and_stays_with_who_has_it(admin_client, badge, user):
    attend(user, MAY)
    services.enable_badge(badge)
    services.evaluate_badges()

    admin_client.post(f"{LIST}{badge.pk}/disable/", {"confirmed": "yes"})

    badge.refresh_from_db()
    assert not badge.is_enabled
    assert badge.awards.filter(revoked_at=None).exists()


def test_the_rule_of_a_badge_that_someone_got_stays(admin_client, badge, user):
    BadgeAward.objects.create(badge=badge, user=user)
    fields = {"name": "Outro nome", "slug": "novo", "description": "…", "icon": "tree"}
    rule = {"metric": "hours", "threshold": "500", "category": "plantio", "window_days": "3"}

    admin_client.post(f"{LIST}{badge.pk}/change/", {**fields, **rule})

    badge.refresh_from_db()
    assert badge.name == "Outro nome"
    assert (badge.metric, badge.threshold, badge.category) == ("events", 1, "")
    assert admin_client.post(f"{LIST}{badge.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_badge_that_nobody_got_is_deleted(admin_client, badge):
    admin_client.post(f"{LIST}{badge.pk}/delete/", {"post": "yes"})

    assert not Badge.objects.filter(pk=badge.pk).exists()


def test_a_badge_that_is_not_there_is_not_found(admin_client):
    assert admin_client.get(f"{LIST}999999/enable/").status_code == 404


def test_awards_are_only_read(admin_client, badge, user):
    award = BadgeAward.objects.create(badge=badge, user=user)
    page = f"{AWARDS}{award.pk}"

    assert award.page_url in admin_client.get(f"{page}/change/").text
    assert admin_client.get(f"{AWARDS}add/").status_code == 403
    assert admin_client.post(f"{page}/change/", {"reason": "x"}).status_code == 403
    assert admin_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_who_may_look_cannot_enable(client, staff, badge):
    staff.user_permissions.add(Permission.objects.get(codename="view_badge"))
    client.force_login(staff)

    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}{badge.pk}/enable/", {"confirmed": "yes"}).status_code == 403
    badge.refresh_from_db()
    assert not badge.is_enabled


@pytest.mark.parametrize("page", [LIST, AWARDS])
@pytest.mark.parametrize("number", [5, 50])
def test_lists_need_a_fixed_number_of_queries(
    admin_client, badge, page, number, django_assert_max_num_queries
):
    for person in UserFactory.create_batch(number, password="!"):
        BadgeAward.objects.create(badge=badge, user=person)
    admin_client.get(page)

    with django_assert_max_num_queries(6):
        admin_client.get(f"{page}?all=")
