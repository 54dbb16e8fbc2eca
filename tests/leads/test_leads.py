"""People write by a form; staff look after them by the API."""

import json
from datetime import timedelta
from threading import Event as ThreadEvent
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from leads import confirmation
from leads.models import Lead, LeadClaim, LeadConsent, LeadIdentity, LeadSubmission
from leads.services import bulk, capture, confirming, consent, identities, stages
from leads.tasks import people as tasks
from tests.factories import UserFactory
from tests.leads.conftest import CONSENT, form, from_whatsapp, whole_database
from tests.together import let_someone_wait, run_together
from tests.users.answers import errors

URL = "/api/v1/leads/"
ROSA = {
    "name": "Rosa Lima",
    "email": "Rosa@Example.org",
    "phone": "(81) 98765-4321",
    "message": "Quero ajudar na nascente 🌱 שלום",
    "city": "Recife",
    "utm_source": "instagram",
    "consent_text": "Concordo em receber uma resposta.",
    "consent_version": "2027-05",
    "accepts_messages": True,
}
YES = {**CONSENT, "unasked": True}
pytestmark = pytest.mark.django_db


def send(anonymous, **fields):
    return anonymous.post(URL, {**ROSA, **fields})


def test_a_form_is_kept_with_its_consent_and_proof(anonymous):
    response = anonymous.post(URL, ROSA, headers={"User-Agent": "Firefox"}, REMOTE_ADDR="192.0.2.7")

    assert response.status_code == 202
    lead = Lead.objects.get()
    assert (lead.name, lead.city, lead.state, lead.time_zone) == (
        *("Rosa Lima", "Recife", "PE", "America/Recife"),
    )
    assert (lead.source, lead.stage) == ("form", "new")
    submission = lead.submissions.get()
    assert submission.fields["message"] == ROSA["message"]
    assert submission.utm == lead.utm == {"utm_source": "instagram"}
    agreed = {row.purpose: row for row in lead.consents.all()}
    assert agreed.keys() == {"contact", "unasked"}
    assert all(row.is_given and row.channel == "form" for row in agreed.values())
    assert (agreed["unasked"].text, agreed["unasked"].version) == (
        *(ROSA["consent_text"], "2027-05"),
    )
    assert agreed["unasked"].proof == {
        **{"address": "192.0.2.7", "user_agent": "Firefox"},
        "claim": lead.claims.get(kind="email").pk,
    }
    assert not consent.may_write_unasked(lead)  # anybody may have sent it


def test_the_answer_is_the_same_for_known_and_unknown_and_for_programs(anonymous):
    new = send(anonymous)
    known = send(anonymous, name="Outra", city="Natal", message="De novo")
    program = send(anonymous, email="bot@example.org", website="https://spam.example")

    assert new.status_code == known.status_code == program.status_code == 202
    assert new.content == known.content == program.content
    assert Lead.objects.count() == 1


def test_a_second_form_adds_and_overwrites_nothing(anonymous):
    send(anonymous)
    before = Lead.objects.values("name", "city", "state", "source", "utm").get()

    send(
        anonymous,
        name="Mallory",
        city="Natal",
        message="De novo",
        source="flyer",
        utm_source="radio",
    )

    assert Lead.objects.values("name", "city", "state", "source", "utm").get() == before
    assert LeadSubmission.objects.count() == 2
    assert LeadIdentity.objects.count() == 1


def test_a_form_sent_again_with_its_key_is_kept_once(anonymous):
    answers = [anonymous.post(URL, ROSA, headers={"Idempotency-Key": "a"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[1].headers["Idempotency-Replayed"]
    assert LeadSubmission.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"email": None, "phone": None}, ("non_field_errors", "contact")),
        ({"phone": "12"}, ("phone", "invalid_phone")),
        ({"email": "rosa"}, ("email", "invalid")),
        ({"consent_text": ""}, ("consent_text", "blank")),
        ({"message": "x" * 4001}, ("message", "max_length")),
    ],
)
def test_what_is_wrong_is_refused_by_name(anonymous, fields, error):
    body = {name: value for name, value in {**ROSA, **fields}.items() if value is not None}

    response = anonymous.post(URL, body)

    assert response.status_code == 400
    assert errors(response) == [error]
    assert not Lead.objects.exists()


def test_so_many_forms_come_from_one_address(anonymous, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "lead": "2/hour"}

    answers = [send(anonymous).status_code for _ in range(3)]

    assert answers == [202, 202, 429]


def test_no_contact_and_no_message_is_readable_in_the_database(care, anonymous, caretaker):
    send(anonymous)
    lead = Lead.objects.get()
    care.post(f"{URL}{lead.pk}/notes/", {"text": "Canário amarelo"})
    words = ("rosa@example.org", "987654321", "98765-4321", "nascente", "canário")

    found = {(word, row) for row in whole_database() for word in words if word in row.lower()}
    assert found == set()
    page = care.get(f"{URL}{lead.pk}/").json()
    assert [one["value"] for one in page["claims"]] == ["rosa@example.org", "+5581987654321"]
    assert page["submissions"][0]["typed"]["message"] == ROSA["message"]


def test_what_is_known_of_a_lead_stays_in_its_order_when_a_row_changes(care, anonymous):
    send(anonymous)
    lead = Lead.objects.get()
    before = care.get(f"{URL}{lead.pk}/").json()
    lead.claims.filter(kind="email").update(mail_due_at=timezone.now())

    after = care.get(f"{URL}{lead.pk}/").json()
    assert [one["kind"] for one in before["claims"]] == ["email", "phone"]
    assert after["claims"] == before["claims"]


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.django_db(transaction=True)
def test_two_forms_with_one_address_at_once_are_one_lead(turn):
    run_together(*[lambda: form(email="rosa@example.org", name="Rosa")] * 4)

    assert Lead.objects.count() == LeadIdentity.objects.count() == LeadClaim.objects.count() == 1
    assert LeadSubmission.objects.count() == 4


# --- Consent ------------------------------------------------------------------------------


def said(lead, *, is_given, channel):
    consent.record(lead, purpose="unasked", is_given=is_given, channel=channel, proof={"n": 1})
    lead.refresh_from_db()


def test_the_last_word_counts():
    lead = from_whatsapp("+5511987654321")
    assert not consent.may_write_unasked(lead)

    said(lead, is_given=True, channel="whatsapp")
    assert consent.may_write_unasked(lead)
    said(lead, is_given=False, channel="whatsapp")
    assert lead.opted_out_at
    assert not consent.may_write_unasked(lead)
    said(lead, is_given=True, channel="whatsapp")

    assert lead.opted_out_at is None
    assert consent.may_write_unasked(lead)
    assert LeadConsent.objects.count() == 3


@pytest.mark.parametrize("channel", ["form", "import"])
def test_a_yes_that_may_be_anybodys_lifts_no_opt_out(channel):
    lead = from_whatsapp("+5511987654321")
    said(lead, is_given=False, channel="whatsapp")

    said(lead, is_given=True, channel=channel)

    assert lead.opted_out_at
    assert not consent.may_write_unasked(lead)


@pytest.mark.parametrize("known_by", ["phone", "email"])
def test_a_form_with_the_contact_of_somebody_known_lets_nobody_write_to_them(known_by, make_lead):
    maria = make_lead(email="maria@example.org", whatsapp=True, agreed=False)
    LeadIdentity.objects.create(
        **{"lead": maria, "kind": "phone", "value": "+5511987654321", "proof": "whatsapp"},
        key=identities.key_of("phone", "+5511987654321"),
        proven_at=timezone.now(),
    )
    contact = {"phone": "(11) 98765-4321", "email": "maria@example.org"}

    lead = form(YES, **{known_by: contact[known_by]})

    assert lead == maria
    assert maria.consents.get(purpose="unasked").is_typed
    assert not consent.may_write_unasked(maria)
    for channel in ("email", "whatsapp"):
        assert not bulk.reachable(Lead.objects.all(), channel).exists()


def test_what_a_form_agreed_to_counts_when_its_own_claim_is_proven(mailoutbox):
    lead = form(YES, email="rosa@example.org")
    form(CONSENT, email="rosa@example.org")
    other = capture.claim(lead, kind="email", value="rui@example.org")

    confirming.confirm_email(confirmation.make(other))
    assert not consent.may_write_unasked(lead)
    confirming.confirm_email(confirmation.make(lead.claims.first()))

    assert consent.may_write_unasked(lead)
    assert (
        lead.consents.last().proof["confirms"]
        == lead.consents.get(channel="form", purpose="unasked").pk
    )


def test_what_a_form_agreed_to_counts_when_staff_asked_the_person():
    lead = form(YES, phone="(11) 98765-4321")

    from_whatsapp("+5511987654321")  # whose number it is, not who sent the form
    assert not consent.may_write_unasked(lead)
    identities.confirm_claim(lead.claims.get())

    assert consent.may_write_unasked(lead)
    assert lead.consents.last().channel == "staff"


def test_a_no_that_came_after_the_form_outlives_the_proof_of_its_claim():
    lead = form(YES, email="rosa@example.org")
    said(lead, is_given=False, channel="whatsapp")

    confirming.confirm_email(confirmation.make(lead.claims.get()))

    assert not consent.may_write_unasked(lead)


def test_who_ticked_is_asked_by_mail_until_their_yes_counts(
    mailoutbox, django_capture_on_commit_callbacks
):
    for agreed in (CONSENT, YES, YES):
        with django_capture_on_commit_callbacks(execute=True):
            lead = form(agreed, email="rosa@example.org")
        confirming.confirm_email(confirmation.make(lead.claims.get()))

    # Whether it is theirs, and then whether what was ticked is theirs, too.
    assert ["por iniciativa nossa" in mail.body for mail in mailoutbox] == [False, True]


def test_an_import_counts_as_long_as_nobody_said_anything_themselves():
    lead = from_whatsapp("+5511987654321")
    said(lead, is_given=True, channel="import")
    assert consent.may_write_unasked(lead)

    said(lead, is_given=False, channel="whatsapp")
    said(lead, is_given=True, channel="import")

    assert not consent.last_word(lead).is_given


@pytest.mark.django_db(transaction=True)
def test_of_a_no_and_a_yes_at_once_the_latest_row_is_what_counts(monkeypatch):
    lead, is_written = from_whatsapp("+5511987654321"), ThreadEvent()

    def slowly():
        is_written.set()
        let_someone_wait()  # the yes, for the lead that the no holds
        return timezone.now()

    def say(word):
        consent.record(lead, purpose="unasked", is_given=word, channel="whatsapp", proof={})

    def say_yes():
        is_written.wait(10)
        say(True)

    monkeypatch.setattr(consent, "timezone", SimpleNamespace(now=slowly))
    run_together(lambda: say(False), say_yes)

    assert [row.is_given for row in LeadConsent.objects.order_by("recorded_at")] == [False, True]
    assert consent.may_write_unasked(lead)


@pytest.mark.django_db(transaction=True)
def test_of_a_no_and_a_proof_at_once_the_no_outlives_the_form(monkeypatch):
    lead, is_written = form(YES, email="rosa@example.org"), ThreadEvent()

    def slowly():
        is_written.set()
        let_someone_wait()  # the proof, for the lead that the no holds
        return timezone.now()

    def say_no():
        consent.record(lead, purpose="unasked", is_given=False, channel="whatsapp", proof={})

    def prove():
        is_written.wait(10)
        consent.claim_proven(lead, lead.claims.get(), channel="email", proof={})

    monkeypatch.setattr(consent, "timezone", SimpleNamespace(now=slowly))
    run_together(say_no, prove)

    assert not consent.may_write_unasked(lead)


# --- Staff --------------------------------------------------------------------------------


def found(care, query):
    response = care.get(f"{URL}?{query}")
    assert response.status_code == 200, response.content
    return [lead["name"] for lead in response.json()["results"]]


@pytest.fixture
def people(caretaker):
    """Rosa, Rui, and Ana who was lost."""
    rosa = form(email="rosa@example.org", name="Rosa", city="Recife", phone="(81) 98765-4321")
    rui = from_whatsapp("551187654321@s.whatsapp.net", name="Rui")
    ana = form(email="ana@example.org", name="Ana José", city="São Luís")
    stages.move(ana, "lost", by=caretaker, reason="Mudou-se.")
    now = timezone.now()
    for days, lead in enumerate((rosa, rui, ana)):
        Lead.objects.filter(pk=lead.pk).update(created_at=now - timedelta(days=days))
    Lead.objects.filter(pk=rui.pk).update(assigned_to=caretaker, tags=["horta"], opted_out_at=now)
    return rosa, rui, ana


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Rosa", "Rui", "Ana José"]),
        ("stage=new", ["Rosa", "Rui"]),
        ("stage=new&stage=lost", ["Rosa", "Rui", "Ana José"]),
        ("source=whatsapp", ["Rui"]),
        ("city=sao%20luis", ["Ana José"]),
        ("tag=Horta", ["Rui"]),
        ("assigned_to=nobody", ["Rosa", "Ana José"]),
        ("opted_out=true", ["Rui"]),
        ("opted_out=false", ["Rosa", "Ana José"]),
        ("has_account=true", []),
        ("email=ROSA@example.org", ["Rosa"]),
        ("email=rosa@example", None),
        ("phone=(11)%208765-4321", ["Rui"]),
        ("phone=+5511987654321", ["Rui"]),
        ("phone=81987654321", ["Rosa"]),
        ("search=jose", ["Ana José"]),
        ("search=horta", ["Rui"]),
        ("search=luis%20ana", ["Ana José"]),
        ("search=rosa@", []),
        ("ordering=name", ["Ana José", "Rosa", "Rui"]),
        ("ordering=-created_at", ["Rosa", "Rui", "Ana José"]),
    ],
)
def test_leads_are_found(care, people, query, names):
    if names is None:
        assert care.get(f"{URL}?{query}").status_code == 400
    else:
        assert found(care, query) == names


def test_leads_are_found_by_the_campaign_that_brought_them(anonymous, care, client, caretaker):
    send(anonymous, utm_campaign="nascentes")
    send(anonymous, email="rui@example.org", name="Rui", utm_source="radio")
    client.force_login(caretaker)

    assert found(care, "campaign=instagram") == found(care, "campaign=nascentes") == ["Rosa Lima"]
    assert found(care, "campaign=insta") == []
    page = client.get("/admin/leads/lead/", {"campaign": "radio"}).content.decode()
    assert ("Rui" in page, "Rosa" in page) == (True, False)
    assert care.get(f"{URL}{Lead.objects.get(name='Rui').pk}/").json()["utm"] == {
        "utm_source": "radio"
    }


def test_leads_of_somebody_are_found(care, people, caretaker):
    day = (timezone.now() - timedelta(hours=36)).isoformat().replace("+00:00", "Z")

    assert found(care, f"assigned_to={caretaker.pk}") == ["Rui"]
    assert found(care, f"created_after={day}") == ["Rosa", "Rui"]
    assert found(care, f"created_before={day}") == ["Ana José"]


def test_a_list_shows_no_contact_data(care, people):
    text = care.get(URL).content.decode()

    assert "Rosa" in text
    assert "example.org" not in text
    assert "4321" not in text


def test_the_list_takes_two_queries_however_long(care, people, django_assert_num_queries):
    care.get(URL)
    for number in (0, 10):
        for each in range(number):
            form(email=f"a{each}@example.org", name="A", phone="(81) 98765-4321")
        with django_assert_num_queries(2):
            care.get(URL)


def test_a_page_takes_as_many_queries_however_much_is_known(care, django_assert_max_num_queries):
    lead = form(email="rosa@example.org", phone="(81) 98765-4321", name="Rosa")
    for _ in range(5):
        form(email="rosa@example.org", phone="(81) 98765-4321", message="Oi")

    with django_assert_max_num_queries(10):
        assert care.get(f"{URL}{lead.pk}/").json()["look_alikes"] == []


def test_who_is_no_staff_or_may_not_sees_nothing(anonymous, api, client_of, people):
    page = f"{URL}{people[0].pk}/"
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_lead"))

    assert anonymous.get(URL).status_code == anonymous.get(page).status_code == 401
    assert api.get(URL).status_code == api.get(page).status_code == 403
    assert client_of(reader).get(page).status_code == 200
    assert client_of(reader).patch(page, {"name": "X"}).status_code == 403
    assert client_of(reader).delete(page).status_code == 403
    assert client_of(reader).get(f"{page}export/").status_code == 403


def test_another_city_is_another_place(care, people):
    page = f"{URL}{people[0].pk}/"

    moved = care.patch(page, {"city": "Manaus", "tags": ["Horta", "horta", "Rio"]}).json()
    told = care.patch(page, {"state": "AC"}).json()

    assert (moved["state"], moved["time_zone"]) == ("AM", "America/Manaus")
    assert moved["tags"] == ["horta", "rio"]
    assert (told["city"], told["state"], told["time_zone"]) == (
        *("Manaus", "AC", "America/Rio_Branco"),
    )


def test_a_lead_is_given_to_staff_and_to_nobody_else(care, people, user, caretaker):
    page = f"{URL}{people[0].pk}/assign/"

    assert care.post(page, {"assigned_to": caretaker.pk}).json()["assigned_to"] == caretaker.pk
    assert care.post(page, {"assigned_to": None}).json()["assigned_to"] is None
    assert care.post(page, {"assigned_to": user.pk}).status_code == 400


def test_notes_are_kept_and_read_the_latest_first(care, people, caretaker):
    page = f"{URL}{people[0].pk}/notes/"

    for text in ("Ligou.", "Vem sábado."):
        assert care.post(page, {"text": text}).status_code == 201

    assert [note["text"] for note in care.get(page).json()["results"]] == ["Vem sábado.", "Ligou."]
    assert care.get(page).json()["results"][0]["author"] == caretaker.pk


# --- Stages -------------------------------------------------------------------------------


def test_a_lead_goes_from_stage_to_stage_with_a_history(care, people):
    page = f"{URL}{people[0].pk}/"

    for stage in ("qualified", "invited"):
        assert care.post(f"{page}stage/", {"stage": stage}).json()["stage"] == stage
    lost = care.post(f"{page}stage/", {"stage": "lost", "reason": "Sem tempo."}).json()

    assert (lost["stage"], lost["lost_reason"]) == ("lost", "Sem tempo.")
    steps = care.get(f"{page}stages/").json()["results"]
    assert [(step["old"], step["new"]) for step in reversed(steps)] == [
        ("new", "qualified"),
        ("qualified", "invited"),
        ("invited", "lost"),
    ]
    assert care.post(f"{page}stage/", {"stage": "qualified"}).json()["lost_reason"] == ""


@pytest.mark.parametrize(
    ("stage", "code"),
    [("invited", "wrong_stage"), ("volunteer", "wrong_stage"), ("lost", "reason_required")],
)
def test_a_step_that_is_none_is_refused(care, people, stage, code):
    response = care.post(f"{URL}{people[0].pk}/stage/", {"stage": stage})

    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == code
    assert not people[0].stage_changes.exists()


def test_the_same_step_again_is_no_step(people, caretaker):
    for _ in range(2):
        stages.move(people[0], "qualified", by=caretaker)

    assert people[0].stage_changes.count() == 1


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.django_db(transaction=True)
def test_two_who_move_a_lead_at_once_make_one_step(turn):
    lead, boss = from_whatsapp("+5511987654321"), UserFactory()

    run_together(*[lambda: stages.move(lead, "qualified", by=boss)] * 3)

    assert lead.stage_changes.count() == 1


# --- Proof by mail ------------------------------------------------------------------------


def test_the_mail_goes_out_once_however_often_its_task_runs(mailoutbox):
    lead = form(email="rosa@example.org", name="Rosa")
    claim = lead.claims.get()

    for _ in range(3):
        tasks.send_lead_confirmation(claim.pk)

    [mail] = mailoutbox
    assert mail.to == ["rosa@example.org"]
    assert "Rosa" not in mail.body  # whoever reads it may never have heard of her


def test_a_lost_mail_is_sent_later_and_given_up_at_last(mailoutbox):
    lead = form(email="rosa@example.org")
    LeadClaim.objects.update(mail_due_at=timezone.now() - timedelta(minutes=2))

    tasks.retry_waiting_confirmations()
    tasks.retry_waiting_confirmations()
    assert len(mailoutbox) == 1

    LeadClaim.objects.update(mail_due_at=timezone.now() - timedelta(days=1), mail_attempts=5)
    assert capture.overdue_confirmations() == []
    assert lead.claims.get().mail_due_at


def test_one_mailbox_gets_so_many_mails(django_capture_on_commit_callbacks, mailoutbox):
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(8):
            capture.claim(
                from_whatsapp(f"+551198765432{number}"), kind="email", value="rosa@example.org"
            )

    assert len(mailoutbox) == 5
    assert not LeadClaim.objects.exclude(mail_due_at=None).exists()  # nor do they come later


def test_nobody_waits_for_the_counts_of_mailboxes_while_a_lead_is_locked(monkeypatch):
    monkeypatch.setattr("config.limits.hit", lambda *names: pytest.fail("asked under a lock"))

    form(YES, email="rosa@example.org")
    capture.claim(from_whatsapp("+5511987654321"), kind="email", value="rui@example.org")

    assert LeadClaim.objects.exclude(mail_due_at=None).count() == 2


def test_a_mail_that_is_tried_again_counts_once_for_its_mailbox(settings, mailoutbox):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "1/hour"}
    form(email="rosa@example.org")
    tasks.send_lead_confirmation(LeadClaim.objects.get().pk)
    LeadClaim.objects.update(mail_due_at=timezone.now(), mail_attempts=1)  # it did not get through

    tasks.send_lead_confirmation(LeadClaim.objects.get().pk)

    assert len(mailoutbox) == 2


def test_idempotent_answers_hold_nothing_of_the_form(anonymous):
    anonymous.post(
        URL, json.dumps(ROSA), content_type="application/json", headers={"Idempotency-Key": "b"}
    )

    assert not [row for row in whole_database() if "rosa@example.org" in row.lower()]
    assert CONSENT["text"] == ROSA["consent_text"]
