import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import jwt
import pytest
from django.contrib.staticfiles import finders

from tests.factories import UserFactory
from tests.users.lines import attend
from users import services
from users.models import Badge, BadgeAward

MAY = datetime(2027, 5, 3, 15, tzinfo=UTC)
MINE = "/api/v1/users/profile/badges/"


@pytest.fixture
def award(user):
    attend(user, MAY)
    services.evaluate_badges([user.pk])
    return BadgeAward.objects.select_related("badge", "user").get()


@pytest.fixture
def revoked(award):
    line = award.user.contributions.get()
    services.reverse_contribution(line, reason="Wrong scan")
    services.evaluate_badges()
    award.refresh_from_db()
    return award


def at(url, settings):
    """The path of an address of ours."""
    assert url.startswith(settings.SITE_URL)
    return url.removeprefix(settings.SITE_URL)


def open_credential(client, award, settings):
    """The claims of a credential, checked only with what its header and addresses say."""
    text = client.get(at(award.credential_url, settings)).content.decode()
    header = jwt.get_unverified_header(text)
    key = client.get(at(header["kid"], settings)).json()
    assert header["kid"].endswith(f"/{key['kid']}.json")
    assert (header["alg"], header["typ"]) == ("EdDSA", "JWT")
    return jwt.decode(text, jwt.PyJWK(key), algorithms=["EdDSA"])


def test_starters_are_enabled_and_have_their_pictures(db):
    badges = Badge.objects.all()

    assert badges.count() == 8
    for badge in badges:
        badge.full_clean()
        assert badge.is_enabled
        assert "<script" not in Path(finders.find(badge.icon_path)).read_text()
    assert {badge.icon for badge in badges} == set(Badge.Icon.values)


def test_one_sees_what_one_earned_and_how_far_one_is_with_the_rest(api, award):
    found = {row["slug"]: row for row in api.get(MINE).json()}

    assert len(found) == 8
    earned, started = found["primeira-acao"], found["mao-na-massa"]
    assert earned["award"]["id"] == str(award.pk)
    assert (started["progress"], started["threshold"], started["award"]) == (1, 10, None)
    assert (found["cinquenta-horas"]["progress"], found["cinquenta-horas"]["unit"]) == (2, "h")
    assert found["semeador"]["progress"] == 0


def test_a_badge_that_is_disabled_is_shown_to_who_has_it(api, award, client_of):
    services.disable_badge(award.badge)

    assert len(api.get(MINE).json()) == 8
    assert len(client_of(UserFactory()).get(MINE).json()) == 7


def test_badges_need_three_queries(api, award, django_assert_num_queries):
    with django_assert_num_queries(3):
        api.get(MINE)


@pytest.mark.parametrize(
    ("language", "word", "criteria"),
    [("pt-BR", "Válida", "mutirões de que participou: 1"), ("en", "Valid", "events attended: 1")],
)
def test_the_page_says_who_has_what(client, award, settings, language, word, criteria):
    page = client.get(at(award.page_url, settings), headers={"Accept-Language": language})

    assert page.status_code == 200
    assert f"<strong>{word}</strong>" in page.text
    assert criteria in page.text
    for text in (award.user.name, award.badge.name, award.badge.icon_path):
        assert text in page.text
    assert award.user.email not in page.text
    assert "script-src 'none'" in page["Content-Security-Policy"]


def test_the_page_shows_markup_as_text(client, award, settings):
    award.user.first_name = "<script>alert(1)</script>"
    award.user.save()

    assert "<script" not in client.get(at(award.page_url, settings)).text


def test_a_revoked_award_says_so_and_has_no_credential(client, revoked, settings):
    page = client.get(at(revoked.page_url, settings))
    gone = client.get(at(revoked.credential_url, settings))

    assert page.status_code == 200
    assert "Revogada" in page.text
    assert "O que contou para ela foi corrigido." in page.text
    assert revoked.user.first_name not in page.text
    assert revoked.user.last_name not in page.text
    assert "credential.jwt" not in page.text
    assert gone.status_code == 410
    assert gone.json()["errors"][0]["code"] == "badge_revoked"


def test_a_badge_that_nobody_was_given_is_not_found(db, client):
    path = f"/account/badges/{uuid4()}/"

    assert client.get(path).status_code == 404
    assert client.get(f"{path}credential.jwt").status_code == 404


def test_the_credential_is_an_open_badge_that_anyone_can_check(client, award, settings):
    claims = open_credential(client, award, settings)

    assert claims["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert claims["@context"][1].startswith("https://purl.imsglobal.org/spec/ob/v3p0/context")
    assert claims["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert claims["iss"] == claims["issuer"]["id"]
    assert client.get(at(claims["iss"], settings)).json() == claims["issuer"]
    assert claims["jti"] == claims["id"]
    assert claims["id"].startswith("urn:uuid:")
    assert claims["sub"] == claims["credentialSubject"]["id"]
    issued = datetime.fromisoformat(claims["validFrom"])
    assert issued.timestamp() == claims["nbf"] == int(award.awarded_at.timestamp())
    achievement = claims["credentialSubject"]["achievement"]
    assert achievement["name"] == claims["name"] == award.badge.name
    assert achievement["criteria"] == {"narrative": "mutirões de que participou: 1"}
    assert client.get(at(achievement["image"]["id"], settings)).getvalue().startswith(b"<svg")


def test_the_credential_names_the_person_only_to_who_knows_them(client, award, settings):
    text = client.get(at(award.credential_url, settings)).text
    (identity,) = open_credential(client, award, settings)["credentialSubject"]["identifier"]

    digest = hashlib.sha256((award.user.email + identity["salt"]).encode()).hexdigest()
    assert identity["identityHash"] == f"sha256${digest}"
    assert award.user.email not in text


def test_a_credential_of_another_key_is_refused(client, award, settings):
    text = client.get(at(award.credential_url, settings)).content.decode()
    settings.DATA_ENCRYPTION_KEY = "another"
    other = client.get("/account/badges/keys.json").json()["keys"][0]

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(text, jwt.PyJWK(other), algorithms=["EdDSA"])
    assert client.get(at(jwt.get_unverified_header(text)["kid"], settings)).status_code == 404


def test_the_key_stays_the_same_for_the_same_secret(client, settings):
    first = client.get("/account/badges/keys.json").json()["keys"][0]

    settings.DATA_ENCRYPTION_KEY, secret = "another", settings.DATA_ENCRYPTION_KEY
    other = client.get("/account/badges/keys.json").json()["keys"][0]
    settings.DATA_ENCRYPTION_KEY = secret

    assert other["x"] != first["x"]
    assert client.get("/account/badges/keys.json").json()["keys"][0] == first
    assert first.keys() == {"kty", "crv", "x", "kid", "use", "alg"}  # and no private part


def test_revoked_awards_are_listed_where_the_credential_says(
    client, award, settings, user, django_capture_on_commit_callbacks
):
    signed = open_credential(client, award, settings)
    status = signed["credentialStatus"]
    assert client.get(at(status["id"], settings)).json()["revokedCredential"] == []

    with django_capture_on_commit_callbacks(execute=True):
        services.reverse_contribution(user.contributions.get(), reason="Wrong scan")

    (entry,) = client.get(at(status["id"], settings)).json()["revokedCredential"]
    assert entry == {"id": signed["id"], "revoked": True}


def test_what_is_listed_as_revoked_leads_to_nobody(client, revoked):
    """Whoever reads the list could otherwise open one page after the other, and learn names."""
    listed = client.get("/account/badges/revoked.json")

    assert len(listed.json()["revokedCredential"]) == 1
    assert str(revoked.pk) not in listed.text
    assert revoked.pk.hex not in listed.text
    for entry in listed.json()["revokedCredential"]:
        name = entry["id"].removeprefix("urn:uuid:")
        assert client.get(f"/account/badges/{name}/").status_code == 404


def test_the_list_of_what_was_revoked_is_made_once_for_all_who_ask(
    client, revoked, django_assert_num_queries
):
    first = client.get("/account/badges/revoked.json")

    with django_assert_num_queries(0):
        again = client.get("/account/badges/revoked.json")

    assert again.json() == first.json()


def test_programs_of_others_may_read_the_public_documents(client, award, settings):
    for path in ("issuer.json", "keys.json", "revoked.json", f"{award.pk}/credential.jwt"):
        answer = client.get(f"/account/badges/{path}")
        assert answer["Access-Control-Allow-Origin"] == "*", path
        assert client.post(f"/account/badges/{path}").status_code == 405


def test_an_award_that_came_back_has_a_page_of_its_own(client, revoked, settings, user):
    attend(user, MAY + timedelta(days=1))
    services.evaluate_badges()
    again = BadgeAward.objects.get(user=user, revoked_at=None)

    assert "Válida" in client.get(at(again.page_url, settings)).text
    assert "Revogada" in client.get(at(revoked.page_url, settings)).text
