"""No secret and no one's data comes out of the logs, wherever it was put in."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.redaction import HIDDEN, Redactor

ENVIRONMENT = {
    "SECRET_KEY": "s3cret (with) odd/characters",
    "DATABASE_URL": "postgres://mutirao:p%40ss-word@db:5432/mutirao",
    "HOME": "/home/mutirao",
    "PWD": "/srv/mutirao",
}
redactor = Redactor(ENVIRONMENT)

base64 = st.text("ABCDEFGHIJabcdefghij0123456789-_", min_size=20, max_size=60)
digits = st.text("0123456789", min_size=4, max_size=4)
SECRETS = {
    "jwt": st.builds("eyJ{}.eyJ{}.{}".format, base64, base64, base64),
    "bearer": st.builds("Bearer X{}".format, base64),
    "e-mail": st.emails(),
    "e-mail in a URL": st.emails().map(lambda address: address.replace("@", "%40")),
    "phone": st.one_of(
        st.builds("+55119{}{}".format, digits, digits),
        st.builds("+55 (11) 9{}-{}".format, digits, digits),
        st.builds("(11) 9{}-{}".format, digits, digits),
        st.builds("11 9{}-{}".format, digits, digits),
        st.builds("55119{}{}".format, digits, digits),
        st.builds("%2B55119{}{}".format, digits, digits),
    ),
    "signature": st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256={}".format),
    "reset token": st.builds(
        "c{}-{}".format,
        st.text("0123456789abcdef", min_size=5, max_size=5),
        st.text("0123456789abcdef", min_size=32, max_size=32),
    ),
    "environment": st.sampled_from(
        [ENVIRONMENT["SECRET_KEY"], "s3cret%20%28with%29%20odd%2Fcharacters", "p%40ss-word"]
    ),
    "random key": base64.map(lambda text: f"aB1{text}{text}"),
}
any_secret = st.one_of(*SECRETS.values())
# What a value under a telling name may be: anything that its writing can hold.
word = st.text("abcdefgXYZ0123456789!?.", min_size=12, max_size=30)
name = st.sampled_from(
    ["password", "new_password", "refresh_token", "X-Api-Key", "Cookie", "Authorization"]
    + ["signature", "phone", "email", "WEBHOOK_SECRET", "csrftoken", "venue_code"]
)
around = st.sampled_from(
    ["", " ", "\n", "'", '"', "(", ")", "[", "]", "<", ">", ",", ";", "/", "ç "]
)


def wrapped(draw, secret):
    """The secret somewhere in a value of any shape."""
    text = draw(around) + secret + draw(around)
    return draw(
        st.sampled_from(
            [
                text,
                f"before {text} after",
                f"https://x.org/a?page=2&q={secret}#end",
                {"detail": text},
                {text: 1},
                [1, [text, {"deep": ({"deeper": text},)}]],
                {text},
                text.encode(),
                ValueError(text),
            ]
        )
    )


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_secret_never_comes_out(data):
    secret = data.draw(any_secret)
    event = {"event": "x", "it": wrapped(data.draw, secret)}

    assert secret not in shown(redactor(None, "info", event))


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_value_of_a_telling_name_never_comes_out(data):
    secret, called = data.draw(word), data.draw(name)
    written = data.draw(
        st.sampled_from(
            [
                {called: secret},
                {called: {"inner": [secret]}},
                {"inner": [{called: secret}]},
                f"{called}={secret}",
                f"{called}: {secret}",
                f"'{called}': '{secret}'",
                f'{{"{called}": "{secret} with words"}}',
                f"https://x.org/?a=1&{called}={secret}&b=2",
                f"POST /x HTTP/1.1\r\n{called}: {secret}\r\nHost: x",
                f"DETAIL:  Key ({called})=({secret}) already exists.",
            ]
        )
    )

    assert secret not in shown(redactor(None, "info", {"event": "x", "it": written}))


def shown(values):
    return json.dumps(values, ensure_ascii=False, default=repr) + repr(values)


@pytest.mark.parametrize(
    "text",
    [
        "/admin/password_change/",
        "WEBHOOK_SECRET is missing.",
        "Deleted 5 expired tokens.",
        "/srv/mutirao/config/logs.py",
        "Listening at: http://127.0.0.1:8000 (1234)",
        "Task config.tasks.clean[123e4567-e89b-12d3-a456-426614174000] succeeded in 0.0012345678s",
        '  File "/usr/lib/python3.11/site-packages/x.py", line 1234, in get',
        "2027-05-03T09:00:00.123456Z",
        "django.db.utils.IntegrityError: null value in column",
        "deleted 1000 of 1234567 rows in 12.3456789 s",
        "Invalid token received",
        "ErrorResponse401Serializer",
    ],
)
def test_harmless_lines_stay_as_they_are(text):
    assert redactor.text(text) == text


def test_harmless_values_stay_as_they_are():
    event = {
        "status": 200,
        "count": 12,
        "is_open": True,
        "seconds": 0.25,
        "user_id": 7,
        "who": None,
    }

    assert redactor(None, "info", event) == event


def test_our_own_ids_stay_readable():
    event = {"request_id": "0123456789abcdef0123456789abcdef01234567", "task_id": "11987654321"}

    assert redactor(None, "info", event) == event


def test_object_that_cannot_be_shown_costs_no_line():
    class Broken:
        def __str__(self):
            raise RuntimeError

    assert redactor(None, "info", {"it": Broken()}) == {"it": "<Broken>"}


def test_endless_nesting_ends():
    endless = {}
    endless["again"] = endless

    assert HIDDEN in shown(redactor(None, "info", endless))
