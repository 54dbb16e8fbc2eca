"""What people say about an event: written, read, answered, deleted."""

import pytest

from events import services
from events.models import EventComment, EventNotification
from tests.factories import CommentFactory, EventFactory, ParticipantFactory, UserFactory

pytestmark = pytest.mark.django_db


def url(event):
    return f"/api/v1/events/{event.pk}/comments/"


def one(comment):
    return f"/api/v1/comments/{comment.pk}/"


def say(client, event, text="Tem onde deixar a bicicleta?", **fields):
    return client.post(url(event), {"text": text, **fields})


def feed(client, event, **query):
    response = client.get(url(event), query)
    assert response.status_code == 200, response.content
    return response.json()


def texts(comments):
    return [comment["text"] for comment in comments]


def codes(response):
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


@pytest.fixture
def event(db):
    return EventFactory()


def test_everyone_reads_what_anyone_says(api, anonymous, event, user):
    response = say(api, event)

    assert response.status_code == 201
    [comment] = feed(anonymous, event)["results"]
    assert comment == {
        "id": EventComment.objects.get().pk,
        "event": event.pk,
        "parent": None,
        "author": user.pk,
        "author_name": user.first_name,
        "text": "Tem onde deixar a bicicleta?",
        "state": "shown",
        "created_at": comment["created_at"],
        "reply_count": 0,
        "replies": [],
    }


def test_who_is_not_signed_in_says_nothing(anonymous, event):
    assert say(anonymous, event).status_code == 401


def test_an_unseen_draft_is_not_talked_about(api, client_of):
    draft = EventFactory(status="draft")
    comment = CommentFactory(event=draft)

    assert api.get(url(draft)).status_code == say(api, draft).status_code == 404
    assert api.delete(one(comment)).status_code == 404
    assert say(client_of(draft.organizer), draft).status_code == 201


def test_a_draft_that_is_thrown_away_meanwhile_is_not_found(user):
    draft = EventFactory(status="draft", organizer=user)
    services.delete(type(draft).objects.get(pk=draft.pk))

    with pytest.raises(services.EventGone):
        services.comment(draft, user, "Oi")


@pytest.mark.parametrize("text", ["", "   ", "\u200e", "x" * 2001, None, ["a"], "\0"])
def test_a_text_that_says_nothing_or_too_much_is_refused(api, event, text):
    response = say(api, event, text)

    assert response.status_code == 400
    assert [attr for _, attr in codes(response)] == ["text"]


def test_a_text_is_plain_and_keeps_its_lines(api, event):
    response = say(api, event, " <b>Oi</b>\r\n\x07gente\u202e ")

    assert response.json()["text"] == "<b>Oi</b>\ngente"


def test_an_answer_stands_below_what_it_answers(api, anonymous, event):
    comment = CommentFactory(event=event)

    response = say(api, event, "Sim!", parent=comment.pk)

    [shown] = feed(anonymous, event)["results"]
    assert response.json()["parent"] == comment.pk
    assert (shown["reply_count"], texts(shown["replies"])) == (1, ["Sim!"])


def test_an_answer_is_not_answered(api, event):
    reply = CommentFactory(event=event, parent=CommentFactory(event=event))

    response = say(api, event, parent=reply.pk)

    assert (response.status_code, codes(response)) == (409, [("reply_to_reply", "parent")])


def test_what_is_said_elsewhere_is_not_answered_here(api, event):
    for parent in (CommentFactory().pk, 4711):
        response = say(api, event, parent=parent)

        assert (response.status_code, codes(response)) == (400, [("does_not_exist", "parent")])


def test_what_is_not_shown_is_not_answered(api, event):
    comment = CommentFactory(event=event)
    services.delete_comment(comment, by=comment.author)

    assert codes(say(api, event, parent=comment.pk)) == [("comment_not_shown", "parent")]


def test_the_latest_comes_first_in_pages_that_do_not_shift(anonymous, event):
    comments = CommentFactory.create_batch(5, event=event)

    first = feed(anonymous, event, page_size=2)
    CommentFactory(event=event)
    second = anonymous.get(first["next"]).json()
    third = anonymous.get(second["next"]).json()

    read = [comment["id"] for page in (first, second, third) for comment in page["results"]]
    assert read == [comment.pk for comment in reversed(comments)]
    assert third["next"] is None
    assert texts(anonymous.get(third["previous"]).json()["results"]) == texts(second["results"])


@pytest.mark.parametrize("cursor", ["x", "☃", "%00", "cD1hYmM=", "cD0xZTk5", "cD0tMQ==", "x" * 500])
def test_what_is_no_cursor_is_refused_by_name(anonymous, event, cursor):
    response = anonymous.get(url(event), {"cursor": cursor})

    assert (response.status_code, codes(response)) == (400, [("invalid", "cursor")])


def test_many_replies_are_read_from_the_first_on(anonymous, event):
    comment = CommentFactory(event=event)
    replies = CommentFactory.create_batch(12, event=event, parent=comment)
    CommentFactory(event=event)

    shown = feed(anonymous, event)["results"][1]
    everything = feed(anonymous, event, parent=comment.pk, page_size=8)
    rest = anonymous.get(everything["next"]).json()

    assert (shown["reply_count"], len(shown["replies"])) == (12, 10)
    ids = [reply["id"] for reply in [*everything["results"], *rest["results"]]]
    assert ids == [reply.pk for reply in replies]


def test_the_feed_takes_three_queries_however_long(anonymous, event, django_assert_num_queries):
    for comment in CommentFactory.create_batch(12, event=event):
        CommentFactory.create_batch(2, event=event, parent=comment)

    with django_assert_num_queries(3):  # the event, the comments, their replies
        assert len(feed(anonymous, event)["results"]) == 12


def test_a_deleted_comment_keeps_its_place_and_its_answers(api, anonymous, event, user):
    comment = CommentFactory(event=event, author=user)
    CommentFactory(event=event, parent=comment, text="Sim!")

    assert [api.delete(one(comment)).status_code for _ in range(2)] == [204, 204]

    [shown] = feed(anonymous, event)["results"]
    assert (shown["text"], shown["author"], shown["author_name"]) == ("", None, "")
    assert (shown["state"], texts(shown["replies"])) == ("deleted", ["Sim!"])
    comment.refresh_from_db()
    assert (comment.deleted_by, comment.text != "") == (user, True)


def test_organizers_delete_any_comment_and_others_only_their_own(client_of, event, staff):
    helper = UserFactory()
    event.co_organizers.add(helper)
    other = ParticipantFactory(event=event).user

    for person, code in ((other, 403), (helper, 204), (event.organizer, 204), (staff, 204)):
        comment = CommentFactory(event=event)
        assert client_of(person).delete(one(comment)).status_code == code


def test_too_many_comments_have_to_wait(api, event, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "comment": "2/minute"}

    answers = [say(api, event) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[-1].headers["Retry-After"]
    assert event.comments.count() == 2


def confirmed(**fields):
    return UserFactory(email_confirmed_at="2026-01-01T00:00Z", **fields)


def called(kind="mention"):
    return set(EventNotification.objects.filter(kind=kind).values_list("user_id", flat=True))


@pytest.fixture
def run(db):
    """An event with an organizer and a helper who read their mail."""
    event = EventFactory(organizer=confirmed())
    helper = confirmed()
    event.co_organizers.add(helper)
    return event, helper


@pytest.mark.parametrize("word", ["@organizer", "@Organizadora", "@organização", "@organizadores"])
def test_all_who_run_it_are_called_by_their_role(api, run, word):
    event, helper = run

    say(api, event, f"Oi {word}, tem água?")

    expected = set() if word == "@organizadores" else {event.organizer_id, helper.pk}
    assert called() == expected


def test_one_who_runs_it_is_called_by_name_and_id(
    api, run, mailoutbox, django_capture_on_commit_callbacks, user
):
    event, helper = run

    with django_capture_on_commit_callbacks(execute=True):
        say(api, event, f"@maria-josé-{helper.pk} tem água?")

    [mail] = mailoutbox
    assert mail.to == [helper.email]
    assert f"{user.first_name} menciona você" in mail.body
    assert "tem água?" in mail.body


@pytest.mark.parametrize(
    "text", ["a@organizer.org", "organizer", "@ana-{stranger}", "x@ana-{helper}"]
)
def test_nobody_else_is_called(api, run, text):
    event, helper = run

    say(api, event, text.format(stranger=confirmed().pk, helper=helper.pk))

    assert called() == set()


def test_nobody_calls_oneself_nor_who_did_not_confirm_the_address(client_of, run):
    event, helper = run
    event.co_organizers.add(UserFactory())

    say(client_of(event.organizer), event, "@organizer: é isso.")

    assert called() == {helper.pk}


def test_a_call_that_was_deleted_is_not_sent(api, run, mailoutbox):
    event, _ = run
    say(api, event, "@organizer tem água?")
    comment = EventComment.objects.get()
    services.delete_comment(comment, by=comment.author)

    for row in EventNotification.objects.all():
        services.send_notification(row.pk)

    assert not mailoutbox
    assert called() == set()


def test_a_call_is_mailed_once_however_often_its_task_runs(api, run, mailoutbox):
    event, helper = run
    say(api, event, f"@ana-{helper.pk} tem água?")

    for _ in range(3):
        services.send_notification(EventNotification.objects.get().pk)

    assert len(mailoutbox) == 1
