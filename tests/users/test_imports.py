import io
import zipfile
from datetime import date, timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook

from config.tables import reading
from tests.factories import UserFactory
from tests.together import run_together
from users import services, tasks
from users.models import User, UserImport

LIST = "/admin/users/userimport/"
HEAD = "email,first_name,last_name,phone,city,birth_date"


def csv_file(*lines, encoding="utf-8", name="pessoas.csv"):
    return SimpleUploadedFile(name, "\n".join(lines).encode(encoding))


def workbook(*rows):
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return SimpleUploadedFile("pessoas.xlsx", file.getvalue())


@pytest.fixture
def bring(admin_client, django_capture_on_commit_callbacks):
    """Upload a file, and let the tasks check it."""

    def upload(file):
        with django_capture_on_commit_callbacks(execute=True):
            response = admin_client.post(f"{LIST}add/", {"table": file})
        return response, UserImport.objects.order_by("pk").last()

    return upload


@pytest.fixture
def confirm(admin_client, django_capture_on_commit_callbacks):
    def press(row):
        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(f"{LIST}{row.pk}/confirm/", {"confirmed": "yes"})
        row.refresh_from_db()
        return row

    return press


def counts(row):
    return (row.new_count, row.changed_count, row.same_count, row.error_count)


def refusal(response):
    return response.context["form"].errors["table"][0]


def test_people_are_made_and_changed_after_a_look(bring, confirm, admin_client):
    UserFactory(email="ana@example.org", first_name="Ana", last_name="Lima", bio="Planta ipês.")
    lines = [
        "Ana@Example.org,Ana,Souza,,Belém,",
        "rui@example.org,Rui,,(11) 98765-4321,,31/12/1990",
    ]

    response, row = bring(csv_file(HEAD, *lines))

    assert response.url == f"{LIST}{row.pk}/change/"
    assert (row.status, counts(row)) == ("checked", (1, 1, 0, 0))
    assert User.objects.filter(email="rui@example.org").count() == 0
    assert "rui@example.org, Rui" in admin_client.get(response.url).text

    row = confirm(row)

    ana, rui = User.objects.filter(email__in=["ana@example.org", "rui@example.org"]).order_by(
        "email"
    )
    assert (row.status, counts(row), row.rows) == ("done", (1, 1, 0, 0), [])
    assert (ana.last_name, ana.city, ana.bio) == ("Souza", "Belém", "Planta ipês.")
    assert (rui.phone, rui.birth_date) == ("+5511987654321", date(1990, 12, 31))
    assert not rui.has_usable_password()
    assert rui.registered_at is None  # so nobody is greeted


def test_an_import_that_is_repeated_changes_nobody(bring, confirm):
    for _turn in range(2):
        _response, row = bring(csv_file(HEAD, "rui@example.org,Rui,,,,"))
        confirm(row)

    row.refresh_from_db()
    assert counts(row) == (0, 0, 1, 0)
    assert User.objects.filter(email="rui@example.org").count() == 1


def test_each_wrong_line_has_its_error_and_the_others_are_imported(bring, confirm, admin_client):
    UserFactory(email="chefe@example.org", is_staff=True)
    lines = [
        "certo@example.org,Certo,,,,",
        "errado,Errado,,,,",
        "fone@example.org,Fone,,123,,",
        "dia@example.org,Dia,,,,31/02/1990",
        '"formula@example.org","=HYPERLINK(""http://x"")",,,,',
        "CERTO@example.org,Outra vez,,,,",
        "chefe@example.org,Chefe,,,,",
        "semnome@example.org,,,,,",
    ]

    _response, row = bring(csv_file(HEAD, *lines))
    confirmed = confirm(row)

    assert counts(row) == (1, 0, 0, 7)
    assert [line for line, _text in row.errors] == [3, 4, 5, 6, 7, 8, 9]
    assert row.errors[4] == [7, "O mesmo e-mail da linha 2."]
    assert "linha 7: O mesmo e-mail da linha 2." in admin_client.get(f"{LIST}{row.pk}/change/").text
    assert counts(confirmed) == (1, 0, 0, 7)
    assert User.objects.get(email="certo@example.org").first_name == "Certo"


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_delimiter_is_found(bring, delimiter):
    table = [["E-mail", "Nome", "Cidade"], ["a@example.org", "Ana", "X"]]

    _response, row = bring(csv_file(*map(delimiter.join, table), encoding="utf-8-sig"))

    assert counts(row) == (1, 0, 0, 0)
    assert row.rows[0]["city"] == "X"


def test_workbook_is_read_with_its_dates_and_numbers(bring, confirm):
    file = workbook(
        ["email", "first_name", "phone", "birth_date"],
        ["rui@example.org", "Rui", 5511987654321, date(1990, 12, 31)],
    )

    _response, row = bring(file)

    assert row.rows[0]["birth_date"] == "1990-12-31"
    assert row.rows[0]["phone"] == "5511987654321"


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"0" * (reading.LARGEST_UNPACKED + 1))
    return SimpleUploadedFile("bomba.xlsx", file.getvalue())


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (csv_file(HEAD, "josé@example.org,José,,,,", encoding="latin-1"), "UTF-8"),
        (csv_file(HEAD, "a@example.org,A,,,,", encoding="utf-16"), "UTF-8"),
        (csv_file(HEAD), "não tem linhas"),
        (SimpleUploadedFile("a.csv", b"\0\0\0"), "nem CSV"),
        (csv_file("nome,idade", "Ana,3"), "colunas"),
        (csv_file(HEAD, '"a@example.org'), "CSV"),
        (csv_file(HEAD, *["a@example.org,A,,,,"] * 100_000), "20000"),
        (csv_file(HEAD, "a@example.org,A" + "," * 60 + "x"), "colunas demais"),
        (csv_file(HEAD, f"a@example.org,{'A' * 20_000},,,,"), "comprida"),
        (SimpleUploadedFile("a.xlsx", b"PK\x03\x04 nothing"), "planilha"),
        (bomb(), "planilha"),
        (SimpleUploadedFile("a.csv", b"a" * (reading.LARGEST + 1)), "5 MB"),
    ],
    ids=range(12),
)
def test_unreadable_files_are_refused_with_a_reason(bring, file, text):
    response, row = bring(file)

    assert text in refusal(response)
    assert row is None


def test_an_empty_file_is_refused(bring):
    response, row = bring(SimpleUploadedFile("a.csv", b""))

    assert refusal(response)
    assert row is None


def test_a_table_is_discarded(bring, admin_client):
    _response, row = bring(csv_file(HEAD, "rui@example.org,Rui,,,,"))

    admin_client.post(f"{LIST}{row.pk}/discard/", {"confirmed": "yes"})
    admin_client.post(f"{LIST}{row.pk}/confirm/", {"confirmed": "yes"})

    row.refresh_from_db()
    assert (row.status, row.rows) == ("discarded", [])
    assert not User.objects.filter(email="rui@example.org").exists()


@pytest.fixture
def long_import(admin_user):
    """Three batches, whose task was lost before it began."""
    lines = [[f"p{number}@example.org", "Pessoa"] for number in range(1200)]
    return services.begin_import("a.csv", [["email", "first_name"], *lines], by=admin_user)


def test_a_killed_import_goes_on_where_it_was(long_import):
    services.run_import(long_import.pk)
    long_import.refresh_from_db()
    assert (long_import.status, long_import.position) == ("checking", 500)
    assert services.waiting_imports() == []

    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert services.waiting_imports() == [long_import.pk]
        tasks.retry_waiting_imports()
    services.run_import(long_import.pk)

    long_import.refresh_from_db()
    assert (long_import.status, counts(long_import)) == ("checked", (1200, 0, 0, 0))


def test_an_import_that_kills_its_worker_is_given_up(long_import):
    UserImport.objects.update(attempts=5)

    services.run_import(long_import.pk)
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        services.waiting_imports()

    long_import.refresh_from_db()
    assert (long_import.status, long_import.position) == ("failed", 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_count_each_line_once():
    lines = [[f"p{number}@example.org", "Pessoa"] for number in range(1000)]
    table = [["email", "first_name"], *lines]
    row = services.begin_import("a.csv", table, by=UserFactory())
    row.refresh_from_db()
    assert row.status == "checked"
    UserImport.objects.update(status="importing", position=0, new_count=0)

    run_together(*[partial(services.run_import, row.pk)] * 3)

    row.refresh_from_db()
    assert (row.status, counts(row)) == ("done", (1000, 0, 0, 0))
    assert User.objects.filter(first_name="Pessoa").count() == 1000


def test_a_batch_needs_a_fixed_number_of_queries(long_import, django_assert_max_num_queries):
    UserImport.objects.update(status="importing")

    with django_assert_max_num_queries(17):
        services.run_import(long_import.pk)


def test_who_may_not_import_sees_no_import(client, staff):
    staff.user_permissions.set(Permission.objects.filter(codename="view_user"))
    client.force_login(staff)

    assert client.get(LIST).status_code == 403
    file = csv_file(HEAD, "a@example.org,A,,,,")
    assert client.post(f"{LIST}add/", {"table": file}).status_code == 403


def test_who_only_looks_at_imports_decides_nothing(client, staff, bring):
    _response, row = bring(csv_file(HEAD, "rui@example.org,Rui,,,,"))
    staff.user_permissions.set(Permission.objects.filter(codename="view_userimport"))
    client.force_login(staff)

    assert client.get(f"{LIST}{row.pk}/change/").status_code == 200
    assert client.post(f"{LIST}{row.pk}/confirm/", {"confirmed": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.status == "checked"
