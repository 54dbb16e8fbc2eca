"""What lists are searched and ordered by has an index, which the database can use."""

import pytest

from leads.filters import LeadFilter
from leads.models import Conversation, Lead
from leads.models.conversations import URGENCY
from tests.plans import plan

pytestmark = pytest.mark.django_db


def listed(**query):
    return LeadFilter(query, Lead.objects.all()).qs


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"search": "iracema"}, "lead_words"),
        ({"search": "iracema"}, "lead_tags"),
        ({"city": "São Paulo"}, "lead_by_city"),
        ({"source": "form"}, "lead_source"),
        ({"tag": "horta"}, "lead_tags"),
        ({"campaign": "maio"}, "lead_campaigns"),
        ({"stage": ["lost"]}, "lead_by_stage"),
        ({"ordering": "name"}, "lead_by_name"),
        ({"ordering": "-stage_changed_at"}, "lead_stage_changed"),
        ({"ordering": "stage_changed_at"}, "lead_stage_changed"),
        ({"ordering": "last_inbound_at"}, "lead_last_inbound"),
        ({}, "lead_created"),
    ],
)
def test_leads_are_found_by_an_index(query, index):
    rows = listed(**query)

    assert index in plan(rows if "ordering" in query or not query else rows.order_by(), "sort")


def test_who_waits_longest_is_found_by_an_index():
    assert "conversation_by_urgency" in plan(Conversation.objects.order_by(*URGENCY)[:50], "sort")
