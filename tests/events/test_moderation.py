"""Flags, and what staff make of them."""

from contextlib import suppress
from functools import partial

import pytest
from django.contrib.auth.models import Permission

from events import services
from events.models import EventComment, EventNotification
from tests.factories import CommentFactory, UserFactory
from tests.together import run_together

pytestmark = pytest.mark.django_db
LIST = "/admin/events/eventcomment/"


def flag(comment, user=None):
    services.flag(comment, user or UserFactory(), reason="Propaganda")


def flagged(times, **fields):
    comment = CommentFactory(**fields)
    for _ in range(times):
        flag(comment)
    comment.refresh_from_db()
    return comment


def post(client, comment, reason="É propaganda."):
    return client.post(f"/api/v1/comments/{comment.pk}/flag/", {"reason": reason})


def state(comment):
    comment.refresh_from_db()
    return str(comment.state)


def waiting():
    return set(EventComment.objects.waiting_for_decision())


def test_a_flag_counts_once_for_each_person(api):
    comment = CommentFactory()

    answers = [post(api, comment) for _ in range(3)]

    comment.refresh_from_db()
    assert [answer.status_code for answer in answers] == [204] * 3
    assert (comment.flag_count, comment.flags.get().reason) == (1, "É propaganda.")


@pytest.mark.parametrize("reason", ["", "x" * 501, None])
def test_a_flag_says_why(api, reason):
    response = post(api, CommentFactory(), reason)

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "reason"


def test_ones_own_comment_is_deleted_not_flagged(api, user):
    response = post(api, CommentFactory(author=user))

    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == "own_comment"


def test_what_is_gone_is_not_flagged(api):
    comment = CommentFactory()
    services.delete_comment(comment, by=comment.author)

    assert post(api, comment).json()["errors"][0]["code"] == "comment_not_shown"


def test_who_is_not_signed_in_flags_nothing(anonymous):
    assert post(anonymous, CommentFactory()).status_code == 401


def test_what_one_may_not_see_is_not_flagged(api):
    assert post(api, CommentFactory(event__status="draft")).status_code == 404


def test_too_many_flags_have_to_wait(api, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "comment_flag": "1/minute"}

    assert [post(api, CommentFactory()).status_code for _ in range(2)] == [204, 429]


def test_three_flags_hide_a_comment_until_staff_decide(anonymous):
    comment = flagged(2)
    assert state(comment) == "shown"

    flag(comment)

    assert state(comment) == "hidden"
    page = anonymous.get(f"/api/v1/events/{comment.event_id}/comments/").json()
    assert comment.text not in str(page)


def test_how_many_flags_hide_is_a_setting(settings):
    settings.COMMENT_FLAGS_TO_HIDE = 1

    assert state(flagged(1)) == "hidden"


def test_what_was_flagged_waits_for_a_decision_whether_hidden_yet_or_not(staff):
    one, three = flagged(1), flagged(3)
    CommentFactory()
    services.approve_comment(flagged(1), by=staff)
    services.hide_comment(flagged(1), by=staff, reason="Ofensa")
    deleted = flagged(1)
    services.delete_comment(deleted, by=deleted.author)

    assert waiting() == {one, three}


def test_what_staff_approve_stays_whoever_flags_it(staff):
    comment = flagged(3)

    services.approve_comment(comment, by=staff)
    for _ in range(5):
        flag(comment)

    assert state(comment) == "shown"
    assert (comment.decided_by, waiting()) == (staff, set())


def test_who_wrote_what_staff_hide_is_told_why_once(
    staff, mailoutbox, django_capture_on_commit_callbacks
):
    comment = CommentFactory(text="Compre já")

    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            services.hide_comment(comment, by=staff, reason="É propaganda")

    [mail] = mailoutbox
    assert mail.to == [comment.author.email]
    assert "Compre já" in mail.body
    assert "Motivo: É propaganda" in mail.body
    assert state(comment) == "hidden"


def test_what_is_approved_before_the_mail_goes_out_is_not_told(staff, mailoutbox):
    comment = CommentFactory()
    services.hide_comment(comment, by=staff, reason="Ofensa")
    services.approve_comment(comment, by=staff)

    services.send_notification(EventNotification.objects.get().pk)

    assert not mailoutbox
    assert not EventNotification.objects.exists()


def test_what_its_author_deleted_needs_no_decision(staff):
    comment = flagged(1)
    services.delete_comment(comment, by=comment.author)

    with pytest.raises(services.NotShown):
        services.hide_comment(comment, by=staff, reason="Ofensa")


def test_what_went_with_its_draft_is_not_found(user):
    comment = CommentFactory(event__status="draft")
    services.delete(comment.event)
    comment.pk = 4711

    with pytest.raises(services.CommentGone):
        services.flag(comment, user, reason="?")


@pytest.mark.django_db(transaction=True)
def test_flags_at_the_same_moment_all_count():
    comment = CommentFactory()
    people = UserFactory.create_batch(5)

    run_together(*[partial(flag, comment, person) for person in people])

    comment.refresh_from_db()
    assert (comment.flag_count, comment.flags.count(), comment.status) == (5, 5, "suspended")


@pytest.mark.django_db(transaction=True)
def test_one_who_flags_four_times_at_once_counts_once():
    comment, person = CommentFactory(), UserFactory()

    run_together(*[partial(flag, comment, person)] * 4)

    comment.refresh_from_db()
    assert (comment.flag_count, comment.flags.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_decision_is_not_undone_by_a_flag_at_the_same_moment():
    staff = UserFactory(is_staff=True)
    for _ in range(5):
        comment = flagged(2)

        def last_flag(comment=comment):
            with suppress(services.NotShown):
                flag(comment)

        run_together(last_flag, partial(services.hide_comment, comment, by=staff, reason="Ofensa"))

        comment.refresh_from_db()
        assert comment.status == "hidden"


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def test_staff_find_what_waits_and_decide(admin_client):
    waits, other = flagged(1, text="Compre já"), CommentFactory(text="Bom dia")

    page = admin_client.get(LIST, {"waits": "yes"})
    chosen = {"_selected_action": [waits.pk], "action": "approve"}
    approved = admin_client.post(LIST, chosen, follow=True)

    assert waits.text in page.text
    assert other.text not in page.text
    assert messages_of(approved) == ["1 comentário foi aprovado."]
    assert waiting() == set()


def test_staff_hide_with_a_reason(admin_client):
    comments = [flagged(1), CommentFactory()]
    chosen = {"_selected_action": [comment.pk for comment in comments], "action": "hide"}

    asked = admin_client.post(LIST, chosen)
    answer = {**chosen, "confirmed": "yes", "reason": "Ofensa"}
    done = admin_client.post(LIST, answer, follow=True)

    assert "Ocultar estes comentários?" in asked.text
    assert messages_of(done) == ["2 comentários foram ocultados."]
    assert EventNotification.objects.filter(reason="Ofensa").count() == 2


def test_the_page_of_a_comment_tells_who_objects(admin_client):
    comment = flagged(1)

    page = admin_client.get(f"{LIST}{comment.pk}/change/").text

    assert "Propaganda" in page
    assert comment.flags.get().user.email in page


def test_who_may_only_look_decides_nothing(client, staff):
    staff.user_permissions.add(Permission.objects.get(codename="view_eventcomment"))
    client.force_login(staff)
    comment = flagged(1)

    page = client.get(LIST)
    client.post(LIST, {"_selected_action": [comment.pk], "action": "approve"})

    assert comment.text in page.text
    assert waiting() == {comment}


def test_the_list_takes_as_many_queries_however_long(admin_client, django_assert_num_queries):
    CommentFactory.create_batch(7)

    with django_assert_num_queries(5):
        admin_client.get(LIST)


def told(kind):
    rows = EventNotification.objects.filter(kind=kind).order_by("pk")
    return list(rows.values_list("user_id", flat=True))


@pytest.mark.parametrize(
    ("decide", "words"),
    [
        (services.approve_comment, "ele continua no ar"),
        (partial(services.hide_comment, reason="Ofensa"), "o tirou do ar"),
    ],
)
def test_who_flagged_a_comment_is_told_what_came_of_it(
    staff, mailoutbox, decide, words, django_capture_on_commit_callbacks
):
    comment, person = CommentFactory(), UserFactory()
    flag(comment, person)
    flag(comment, UserFactory(is_active=False))

    with django_capture_on_commit_callbacks(execute=True):
        decide(comment, by=staff)

    [message] = [mail for mail in mailoutbox if mail.to == [person.email]]
    assert words in message.body
    assert comment.text in message.body
    assert told("comment_decided") == [person.pk]


def test_each_decision_tells_those_who_flagged_since_the_one_before(staff):
    comment, early, late = CommentFactory(), UserFactory(), UserFactory()
    flag(comment, early)
    services.approve_comment(comment, by=staff)
    flag(comment, late)

    services.hide_comment(comment, by=staff, reason="Ofensa")
    services.hide_comment(comment, by=staff, reason="Ofensa")

    assert told("comment_decided") == [early.pk, late.pk]


def test_of_a_comment_that_its_author_deleted_nobody_is_told(staff, mailoutbox):
    comment = CommentFactory()
    flag(comment)
    services.approve_comment(comment, by=staff)
    services.delete_comment(comment, by=comment.author)

    services.send_notification(EventNotification.objects.get().pk)

    assert not mailoutbox
