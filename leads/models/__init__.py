"""People who write to us, what is said with them, and what we know to answer."""

from leads.models.consent import LeadConsent
from leads.models.conversations import Conversation, Message
from leads.models.knowledge import (
    AgentSpending,
    Chunk,
    ChunkQuestion,
    Document,
    Embedding,
    KnowledgeIndex,
    OpenQuestion,
)
from leads.models.people import (
    Lead,
    LeadClaim,
    LeadIdentity,
    LeadMerge,
    LeadNote,
    LeadStageChange,
    LeadSubmission,
)
from leads.models.sequences import (
    BulkMessage,
    DutyShift,
    Enrolment,
    FollowUp,
    Sequence,
    SequenceStep,
)
from leads.models.tables import LeadImport
from leads.models.whatsapp import WebhookEvent, WhatsAppInstance

__all__ = [
    "AgentSpending",
    "BulkMessage",
    "Chunk",
    "ChunkQuestion",
    "Conversation",
    "Document",
    "DutyShift",
    "Embedding",
    "Enrolment",
    "FollowUp",
    "KnowledgeIndex",
    "Lead",
    "LeadClaim",
    "LeadConsent",
    "LeadIdentity",
    "LeadImport",
    "LeadMerge",
    "LeadNote",
    "LeadStageChange",
    "LeadSubmission",
    "Message",
    "OpenQuestion",
    "Sequence",
    "SequenceStep",
    "WebhookEvent",
    "WhatsAppInstance",
]
