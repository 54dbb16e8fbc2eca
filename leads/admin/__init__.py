"""Pages of the admin about leads; one module for each topic."""

from leads.admin import (
    board,
    bulk,
    conversations,
    duty,
    imports,
    knowledge,
    leads,
    sequences,
    whatsapp,
)

__all__ = [
    "board",
    "bulk",
    "conversations",
    "duty",
    "imports",
    "knowledge",
    "leads",
    "sequences",
    "whatsapp",
]
