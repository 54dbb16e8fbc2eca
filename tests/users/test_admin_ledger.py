import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from users import services
from users.models import Contribution

LIST = "/admin/users/contribution/"


@pytest.fixture
def line(user):
    return services.record_contribution(
        user.pk, kind="hours", amount=3, source="event:1", happened_at=timezone.now()
    )


def test_ledger_is_only_read(admin_client, line):
    page = f"{LIST}{line.pk}"
    delete = {"action": "delete_selected", "_selected_action": [line.pk], "post": "yes"}

    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.get(f"{page}/change/").status_code == 200
    assert admin_client.post(f"{page}/change/", {"amount": "9"}).status_code == 403
    assert admin_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(LIST, delete)
    assert Contribution.objects.get() == line


def test_line_is_reversed_with_a_reason(admin_client, line):
    page = f"{LIST}{line.pk}/reverse/"

    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"confirmed": "yes"}).context["form"].errors
    admin_client.post(page, {"confirmed": "yes", "reason": "Engano"})

    reversal = Contribution.objects.get(reverses=line)
    assert (reversal.amount, reversal.reason) == (-3, "Engano")


def test_reversal_of_a_reversal_is_refused(admin_client, line):
    reversal = services.reverse_contribution(line, reason="Engano")
    chosen = {"action": "reverse_selected", "_selected_action": [reversal.pk]}

    answer = {**chosen, "confirmed": "yes", "reason": "De novo"}
    response = admin_client.post(LIST, answer, follow=True)

    assert len(list(response.context["messages"])) == 1
    assert Contribution.objects.count() == 2


def test_who_may_look_cannot_reverse(client, staff, line):
    staff.user_permissions.add(Permission.objects.get(codename="view_contribution"))
    client.force_login(staff)

    assert client.get(LIST).status_code == 200
    answer = {"confirmed": "yes", "reason": "Engano"}
    assert client.post(f"{LIST}{line.pk}/reverse/", answer).status_code == 403
    assert Contribution.objects.count() == 1


@pytest.mark.parametrize("number", [20, 100])
def test_list_needs_a_fixed_number_of_queries(
    admin_client, user, number, django_assert_num_queries
):
    services.record_contributions(
        Contribution(
            user=user,
            kind="hours",
            amount=1,
            source=f"event:{number}",
            happened_at=timezone.now(),
        )
        for number in range(number)
    )
    services.reverse_contribution(Contribution.objects.first(), reason="Engano")
    admin_client.get(LIST)

    with django_assert_num_queries(5):
        admin_client.get(f"{LIST}?all=")
