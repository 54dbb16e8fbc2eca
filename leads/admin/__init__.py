"""The admin of leads."""

from leads.admin import whatsapp

__all__ = ["whatsapp"]
