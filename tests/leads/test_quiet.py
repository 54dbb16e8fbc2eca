"""Quiet hours are those of the lead's own clocks, whatever they do in that night."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import quiet

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


def wall(moment, zone):
    return moment.astimezone(ZoneInfo(zone)).time()


@given(MOMENTS, st.sampled_from(ZONES))
def test_nobody_is_written_to_in_the_night(moment, zone):
    opening = quiet.next_open(moment, zone)

    assert opening >= moment
    assert time(9) <= wall(opening, zone) < time(20)


@given(MOMENTS, st.sampled_from(ZONES))
def test_nobody_waits_longer_than_the_night(moment, zone):
    """No quarter of an hour before it was outside of the quiet hours."""
    opening = quiet.next_open(moment, zone)

    waited = opening - moment
    quarters = (
        moment + timedelta(minutes=15 * n) for n in range(int(waited.total_seconds() // 900))
    )
    assert not [one for one in quarters if quiet.is_open(one, zone)]


@given(MOMENTS, st.sampled_from(ZONES))
def test_asking_again_changes_nothing(moment, zone):
    opening = quiet.next_open(moment, zone)

    assert quiet.next_open(opening, zone) == opening


@pytest.mark.parametrize(
    ("zone", "evening", "morning"),
    [
        # Before and after the clocks of Lisbon go on, and back.
        ("Europe/Lisbon", "2026-03-28T21:00+00:00", "2026-03-29T08:00+00:00"),
        ("Europe/Lisbon", "2026-10-24T20:00+00:00", "2026-10-25T09:00+00:00"),
        # São Paulo's last summer time.
        ("America/Sao_Paulo", "2018-11-03T23:30+00:00", "2018-11-04T11:00+00:00"),
        ("America/Sao_Paulo", "2019-02-16T22:30+00:00", "2019-02-17T12:00+00:00"),
        # Two hours behind São Paulo.
        ("America/Rio_Branco", "2026-11-26T12:00+00:00", "2026-11-26T14:00+00:00"),
        # Samoa had no 30 December in 2011.
        ("Pacific/Apia", "2011-12-30T07:00+00:00", "2011-12-30T19:00+00:00"),
    ],
)
def test_a_night_is_as_long_as_it_is(zone, evening, morning):
    assert quiet.next_open(datetime.fromisoformat(evening), zone) == datetime.fromisoformat(morning)


@pytest.mark.parametrize("name", ["", "Nowhere/Atlantis", "../../etc/passwd", "America/../x", "\0"])
def test_who_has_no_zone_has_the_one_where_most_are(name):
    assert quiet.zone_of(name) == ZoneInfo("America/Sao_Paulo")


def test_the_hours_are_a_setting(settings):
    settings.FOLLOW_UP_HOURS = (time(13), time(14))
    noon = datetime(2026, 11, 26, 15, tzinfo=UTC)

    assert quiet.next_open(noon, "America/Sao_Paulo") == noon + timedelta(hours=1)
