"""What staff may do with documents and open questions."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from config.admin.commands import Command
from leads.models import Document, OpenQuestion
from leads.services import knowledge
from users.models import User


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Answer"), max_length=5000, widget=UnfoldAdminTextareaWidget({"rows": 6})
    )
    question = forms.CharField(
        label=_("Question"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Empty: as it was asked. Leave out what only concerns this person."),
    )


def _answer(request: HttpRequest, question: OpenQuestion, answers: dict[str, Any]) -> Document:
    assert isinstance(request.user, User)  # noqa: S101
    title = answers["question"] or question.text
    return knowledge.answer_open_question(
        question, title=title, text=answers["answer"], by=request.user
    )


def _asked(question: OpenQuestion) -> str:
    return question.text[:300]


ANSWER = Command(
    question=_("Answer this question for everyone?"),
    explanation=_("It becomes a row of questions and answers: who asks this next is told so."),
    button=_("Answer for everyone"),
    done=_("It is answered from now on."),
    act=_answer,
    form_class=AnswerForm,
    label=_asked,
)
SET_ASIDE = Command(
    question=_("Set this question aside?"),
    button=_("Set aside"),
    done=_("Questions set aside: %(count)d"),
    act=lambda request, question, answers: knowledge.set_aside(question),
    label=_asked,
)
REREAD = Command(
    question=_("Read this document again?"),
    explanation=_("What it said before is found until that is done."),
    button=_("Read again"),
    done=_("Documents that are read again: %(count)d"),
    act=lambda request, document, answers: knowledge.reread(document),
)
