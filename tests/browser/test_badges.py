from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import UserFactory
from tests.users.lines import attend
from users import services
from users.models import Badge, BadgeAward


@pytest.fixture
def awards(transactional_db):
    """One that holds and one that was revoked, of a long name and a badge with a full rule."""
    Badge.objects.all().delete()
    rule = {"metric": "events", "threshold": 1, "category": "limpeza", "window_days": 30}
    Badge.objects.create(
        slug="semana", name="Semana limpa", description="Veio limpar.", icon="bag", **rule
    )
    person = UserFactory(first_name="Maria das Dores", last_name="Albuquerque Cavalcanti Silva")
    for badge in Badge.objects.all():
        services.enable_badge(badge)
    (line,) = attend(person, timezone.now() - timedelta(days=3), category="limpeza")
    services.evaluate_badges()
    services.reverse_contribution(line, reason="Engano")
    services.evaluate_badges()
    attend(person, timezone.now() - timedelta(days=2), category="limpeza")
    services.evaluate_badges()
    return BadgeAward.objects.order_by("awarded_at")


def test_page_of_an_award(screen, awards):
    for award, name in zip(awards, ("badge-revoked", "badge"), strict=True):
        screen.open(f"/account/badges/{award.pk}/", name)


def test_badges_in_the_admin(signed_in, awards):
    badge = Badge.objects.get()
    signed_in.open("/admin/users/badge/")
    signed_in.open("/admin/users/badge/add/", "badge-new")
    signed_in.open(f"/admin/users/badge/{badge.pk}/change/", "badge-page")
    signed_in.open(f"/admin/users/badge/{badge.pk}/enable/", "badge-enable")
    signed_in.open("/admin/users/badgeaward/")
    signed_in.open(f"/admin/users/badgeaward/{awards[0].pk}/change/", "award")
