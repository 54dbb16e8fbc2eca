"""The report of a month: figures as a row, JSON, a table, and pages to print."""

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from PIL import Image

from config.settings import SCHEDULES
from events import services, tasks
from events.impact import charts, document, monthly, pictures, table
from events.models import EventReport, ImpactReport
from tests.events.test_impact import held
from tests.factories import CategoryFactory, PastEventFactory
from tests.together import run_together

URL = "/api/v1/events/impact/monthly/"
MARCH = date(2026, 3, 1)


def day(number, hour=15):
    return {
        "starts_at": datetime(2026, 3, number, hour, tzinfo=UTC),
        "ends_at": datetime(2026, 3, number, hour + 3, tzinfo=UTC),
    }


@pytest.fixture
def march(db):
    """Two categories, three cities, and a neighbour on each side of the month."""
    planting = CategoryFactory(name="Plantio nativo", metrics=["seedlings"])
    cleaning = CategoryFactory(name="=Limpeza", metrics=["waste"])
    held([2, 2], {"seedlings": 40}, category=planting, city="Recife", **day(1))
    held([3], {"waste": 12.5}, category=cleaning, city="São Paulo", **day(9))
    held([1], {"waste": 2}, category=cleaning, city="Sao Paulo", **day(31, 20))
    held([50], {"waste": 999}, **{**day(1, 2), "city": "Belém"})  # still February there
    held([50], {"waste": 999}, starts_at=datetime(2026, 4, 1, 3, tzinfo=UTC), city="Belém")


@pytest.fixture
def in_april(time_machine):
    time_machine.move_to(datetime(2026, 4, 1, 6, 30, tzinfo=UTC))


@pytest.fixture
def report(march, in_april):
    tasks.generate_monthly_impact_report()
    return ImpactReport.objects.get()


def test_a_month_is_added_up(report):
    figures = report.figures

    assert report.month == MARCH
    assert {name: figures[name] for name in ("events", "people", "visits", "hours", "reports")} == {
        "events": 3,
        "people": 4,
        "visits": 4,
        "hours": 8,
        "reports": 3,
    }
    assert figures["figures"] == {"seedlings": 40, "waste": 14.5}
    assert [(one["name"], one["hours"], one["figures"]) for one in figures["categories"]] == [
        ("=Limpeza", 4, {"waste": 14.5}),
        ("Plantio nativo", 4, {"seedlings": 40}),
    ]
    assert [(one["from"], one["to"], one["hours"]) for one in figures["weeks"]] == [
        ("2026-03-01", "2026-03-01", 4),
        ("2026-03-02", "2026-03-08", 0),
        ("2026-03-09", "2026-03-15", 3),
        ("2026-03-16", "2026-03-22", 0),
        ("2026-03-23", "2026-03-29", 0),
        ("2026-03-30", "2026-03-31", 1),
    ]
    assert [(one["city"], one["events"], one["hours"]) for one in figures["cities"]] == [
        ("Sao Paulo", 2, 4),
        ("Recife", 1, 4),
    ]


def test_the_parts_add_up_to_the_whole(report):
    for part in ("categories", "weeks", "cities"):
        for measure in ("events", "visits", "hours"):
            whole = sum(one[measure] for one in report.figures[part])
            assert whole == report.figures[measure], (part, measure)


@pytest.mark.parametrize(
    ("today", "before"),
    [(date(2026, 1, 1), date(2025, 12, 1)), (date(2026, 3, 31), date(2026, 2, 1))],
)
def test_the_month_before(today, before):
    assert monthly.month_before(today) == before


@pytest.mark.parametrize("month", [date(2026, number, 1) for number in range(1, 13)])
def test_weeks_hold_every_day_of_a_month_once(month):
    days = [
        number
        for _, first, last in monthly.weeks(month)
        for number in range(first.day, last.day + 1)
    ]

    assert days == list(range(1, monthly.last_day(month).day + 1))


def test_run_again_it_makes_nothing_new(report):
    before = report.pdf.name, files()

    tasks.generate_monthly_impact_report()

    assert (ImpactReport.objects.get().pdf.name, files()) == before


def test_killed_before_its_file_the_next_run_makes_it(report):
    ImpactReport.objects.update(pdf="")

    tasks.generate_monthly_impact_report()

    assert ImpactReport.objects.get().pdf.read().startswith(b"%PDF")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_one_row_and_one_file():
    before = set(files())

    run_together(*[lambda: services.generate_monthly_report(MARCH)] * 4)

    [name] = set(files()) - before
    assert ImpactReport.objects.get().pdf.name == f"reports/{name}"


def files():
    return default_storage.listdir("reports")[1] if default_storage.exists("reports") else []


def test_it_is_planned_for_every_night_at_half_past_three():
    task, when = SCHEDULES["monthly-impact-report"]

    assert task == tasks.generate_monthly_impact_report.name
    assert when.day_of_month == set(range(1, 32))
    assert (min(when.hour), when.minute) == (3, {30})


def test_a_month_that_was_missed_on_the_first_is_told_later(march, time_machine):
    time_machine.move_to(datetime(2026, 4, 20, 6, 30, tzinfo=UTC))

    tasks.generate_monthly_impact_report()

    assert ImpactReport.objects.get().month == MARCH


def test_months_whose_file_is_missing_get_it_from_the_sweep(report):
    older = ImpactReport.objects.create(month=date(2026, 1, 1), figures=report.figures)

    tasks.draw_waiting_months()

    older.refresh_from_db()
    assert older.pdf.read().startswith(b"%PDF")
    assert services.undrawn_months() == []


def test_what_was_only_called_off_has_no_row(march, in_april):
    category = CategoryFactory(name="Cancelada")
    off = {"status": "cancelled", "cancel_reason": "Chuva", "category": category}
    held(city="Natal", **off, **day(10))
    held([1], city="Olinda", **{**off, "category": CategoryFactory(name="Parada")}, **day(10))

    figures = monthly.of(MARCH)

    assert [one["city"] for one in figures["cities"]] == ["Sao Paulo", "Recife", "Olinda"]
    assert [one["name"] for one in figures["categories"]] == [
        "=Limpeza",
        "Parada",
        "Plantio nativo",
    ]


def test_what_was_approved_late_is_counted_when_it_is_added_up_again(
    report, django_capture_on_commit_callbacks
):
    before = report.pdf.name
    late = EventReport.objects.create(event=PastEventFactory(**day(20)), status="approved")
    late.figures.create(kind="waste", amount=Decimal(100))

    with django_capture_on_commit_callbacks(execute=True):
        services.remake_monthly_report(report)

    report.refresh_from_db()
    assert report.figures["figures"]["waste"] == 114.5
    assert report.pdf.name != before
    assert not default_storage.exists(before)


def test_the_row_of_a_month_begins_with_its_first_day_and_is_the_only_one(report):
    for month in (MARCH, date(2026, 3, 2)):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImpactReport.objects.create(month=month, figures={})


def test_everyone_reads_the_figures(anonymous, report, django_assert_num_queries):
    with django_assert_num_queries(2):
        [listed] = anonymous.get(URL).json()["results"]
    shown = anonymous.get(f"{URL}2026-03/").json()

    assert listed == shown
    assert (shown["month"], shown["hours"]) == ("2026-03", 8)
    assert shown["generated_at"].endswith("Z")


@pytest.mark.parametrize("month", ["2026-04", "2026-13", "2026", "x", "2026-3", "202603"])
@pytest.mark.parametrize("ending", ["/", ".csv/", ".pdf/"])
def test_what_is_no_month_or_has_no_report_is_not_there(anonymous, report, month, ending):
    assert anonymous.get(f"{URL}{month}{ending}").status_code == 404


def test_the_table_is_safe_for_spreadsheets(anonymous, report):
    response = anonymous.get(f"{URL}2026-03.csv")

    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="mutirao-2026-03.csv"' in response.headers["Content-Disposition"]
    assert rows[0] == ["Seção", "Nome", "Medida", "Quantidade", "Unidade"]
    assert ["Total", "", "Horas", "8.0", "h"] in rows
    assert ["Categoria", "'=Limpeza", "Lixo recolhido", "14.5", "kg"] in rows


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert table.safe(text) == f"'{text}"
    assert table.safe("Recife") == "Recife"
    assert table.safe(-1.5) == -1.5


def test_the_pages_come_as_a_file(anonymous, report):
    response = anonymous.get(f"{URL}2026-03.pdf")
    body = response.getvalue()

    assert response.headers["Content-Type"] == "application/pdf"
    assert body.startswith(b"%PDF")
    assert body.rstrip().endswith(b"%%EOF")


def number_of_pages(pdf):
    return len(re.findall(rb"/Type /Page\b", pdf))


def huge():
    """Long names, every kind, many categories and cities, enormous numbers."""
    visits = {"events": 99_999, "people": 1_234_567, "visits": 7_654_321, "hours": 22_222_222.25}
    kinds = ("waste", "seedlings", "area", "readings", "people_taught")
    figures = dict.fromkeys(kinds, 98_765_432.1)
    name = "Monitoramento comunitário das nascentes e dos igarapés do Baixo Amazonas"
    return {
        **visits,
        "reports": 12_345,
        "figures": figures,
        "categories": [
            {"category": n, "name": f"{name} {n}"[:80], **visits, "figures": figures}
            for n in range(25)
        ],
        "weeks": [
            {"from": str(first), "to": str(last), **visits}
            for _, first, last in monthly.weeks(date(2026, 8, 1))
        ],
        "cities": [{"city": f"São José do Vale do Rio Preto {n}", **visits} for n in range(10)],
    }


def test_much_of_everything_breaks_onto_pages(db):
    assert 3 <= number_of_pages(document.of_month(MARCH, huge())) <= 8


def test_a_month_without_events_has_a_page(db):
    assert number_of_pages(document.of_month(MARCH, monthly.of(MARCH))) == 1


def test_pictures_stand_side_by_side(db, monkeypatch):
    def picture(size):
        file = io.BytesIO()
        Image.new("RGB", size, "teal").save(file, "JPEG")
        return file.getvalue()

    pair = (picture((400, 300)), picture((300, 400)), "Canto sul da praia")
    monkeypatch.setattr(pictures, "pairs", lambda month: [pair] * 5)

    pdf = document.of_month(MARCH, monthly.of(MARCH))

    assert pdf.count(b"/Subtype /Image") >= 2
    assert number_of_pages(pdf) == 2


def test_a_long_name_is_cut_to_fit():
    page = document.Document(title="x", language="pt-BR")

    cut = charts.shortened(page, "Uma cidade de nome muito comprido", 20)

    assert cut.endswith("…")
    assert page.get_string_width(cut) <= 20
