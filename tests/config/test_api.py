"""What all serializers and lists of the API have in common."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from config.api import (
    FiniteFloatField,
    LineField,
    ModelSerializer,
    PageNumberPagination,
    TextField,
    UtcDateTimeField,
)
from config.formats import OrjsonRenderer
from events.models import Event


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2027-05-03T09:00:00Z", "2027-05-03T09:00:00Z"),
        ("2027-05-03T09:00:00-03:00", "2027-05-03T12:00:00Z"),
        ("2027-05-03 09:00+05:30", "2027-05-03T03:30:00Z"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
        ("2100-12-31T23:59:59Z", "2100-12-31T23:59:59Z"),
    ],
)
def test_moment_comes_in_with_an_offset_and_leaves_in_utc(given, moment):
    field = UtcDateTimeField()

    assert field.to_representation(field.run_validation(given)) == moment


@pytest.mark.parametrize(
    "given",
    [
        "2027-05-03T09:00:00",
        "2027-05-03",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+03:00",
        "2101-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2027-02-30T00:00:00Z",
        "2027-05-03T09:00:00+99:99",
        "tomorrow",
        "",
        5,
        1.5,
        True,
        [],
        {},
        "\0",
    ],
)
def test_other_moments_are_refused(given):
    with pytest.raises(serializers.ValidationError):
        UtcDateTimeField().run_validation(given)


def test_moment_of_another_zone_leaves_in_utc():
    moment = datetime(2027, 5, 3, 9, tzinfo=timezone(timedelta(hours=-3)))

    assert UtcDateTimeField().to_representation(moment) == "2027-05-03T12:00:00Z"


@pytest.mark.parametrize(
    "given", ["NaN", "inf", "-Infinity", float("nan"), "abc", None, True, [], "1e999"]
)
def test_only_finite_numbers_are_numbers(given):
    with pytest.raises(serializers.ValidationError):
        FiniteFloatField().run_validation(given)


@pytest.mark.parametrize(
    ("given", "line", "text"),
    [
        ("  Praça da Sé ", "Praça da Sé", "Praça da Sé"),
        ("a\r\nb\tc", "a b c", "a\nb\tc"),
        ("a\x07\x1b[31mb\x9f", "a[31mb", "a[31mb"),
        ("\u202eevil\u202c\ufeff", "evil", "evil"),
        ("👩‍🌾", "👩‍🌾", "👩‍🌾"),
        ("<b>&amp;", "<b>&amp;", "<b>&amp;"),
        (12, "12", "12"),
    ],
)
def test_text_loses_its_control_characters(given, line, text):
    assert LineField().run_validation(given) == line
    assert TextField().run_validation(given) == text


@pytest.mark.parametrize(
    "given", ["", "  ", "\x07", " \u202e ", "a\0b", "\ud800", None, True, [], {}]
)
def test_text_of_nothing_or_with_nul_is_refused(given):
    with pytest.raises(serializers.ValidationError):
        LineField().run_validation(given)
    with pytest.raises(serializers.ValidationError):
        TextField().run_validation(given)


def test_optional_text_may_turn_out_empty():
    assert LineField(allow_blank=True).run_validation("\x07") == ""


def test_model_fields_become_these_fields():
    class EventSerializer(ModelSerializer):
        class Meta:
            model = Event
            fields = ["title", "description", "latitude", "starts_at"]

    kinds = [type(field) for field in EventSerializer().fields.values()]
    assert kinds == [LineField, TextField, FiniteFloatField, UtcDateTimeField]


def page(query, queryset=None):
    request = Request(APIRequestFactory().get(f"/things/?{query}"))
    paginator = PageNumberPagination()
    rows = paginator.paginate_queryset(list(range(250)) if queryset is None else queryset, request)
    return paginator.get_paginated_response(rows).data


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", range(20)),
        ("page=2", range(20, 40)),
        ("page=13", range(240, 250)),
        ("page=3&page_size=50", range(100, 150)),
        ("page_size=1000", range(100)),
        ("page=&page_size=", range(20)),
    ],
)
def test_page_of_a_list(query, rows):
    answer = page(query)

    assert answer["count"] == 250
    assert answer["results"] == list(rows)


@pytest.mark.parametrize("parameter", ["page", "page_size"])
@pytest.mark.parametrize(
    "given", ["0", "-1", "abc", "1.5", "1e9", "%00", "last", "٣", "1_0", "9" * 19, "9" * 5000]
)
def test_what_is_no_page_is_refused_by_name(parameter, given):
    with pytest.raises(serializers.ValidationError) as refused:
        page(f"{parameter}={given}")

    assert list(refused.value.detail) == [parameter]


@pytest.mark.parametrize("number", ["14", "1000000000", "9" * 18])
def test_page_after_the_last_does_not_exist(number):
    with pytest.raises(APIException) as refused:
        page(f"page={number}")

    assert refused.value.status_code == 404
    assert list(refused.value.detail) == ["page"]


@pytest.mark.django_db
def test_first_page_of_nothing_is_empty():
    assert page("page=1", queryset=[])["results"] == []


def test_utc_is_written_with_a_z_by_the_renderer():
    moment = datetime(2027, 5, 3, tzinfo=UTC)

    assert OrjsonRenderer().render({1: moment}) == b'{"1":"2027-05-03T00:00:00Z"}'
