"""What answers and mails say."""

import re


def errors(response):
    """What an answer complains about, as pairs of field and code."""
    return [(error["attr"], error["code"]) for error in response.json()["errors"]]


def token_in(mail):
    """The token of the link in a mail."""
    return re.search(r"\?token=(\S+)", mail.body)[1]
