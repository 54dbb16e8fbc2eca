"""Where staff see who wrote, answer, and tend what the assistant knows."""

from leads.admin import conversations

__all__ = ["conversations"]
