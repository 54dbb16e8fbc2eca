import pytest
from django.contrib.auth.models import Group, Permission

LIST = "/admin/auth/group/"


@pytest.mark.django_db
def test_permissions_speak_portuguese(admin_client):
    text = admin_client.get(f"{LIST}add/").text

    assert "Eventos: pode alterar" in text
    assert "Can change" not in text
    assert "session" not in text


@pytest.mark.django_db
def test_group_gives_its_permissions(admin_client, client, staff):
    permission = Permission.objects.get(codename="view_event")

    admin_client.post(f"{LIST}add/", {"name": "Plantio", "permissions": [permission.pk]})
    staff.groups.add(Group.objects.get(name="Plantio"))
    client.force_login(staff)

    assert client.get("/admin/events/event/").status_code == 200
    assert client.get("/admin/users/user/").status_code == 403
