"""The storage of tests: in memory, with names as real ones give them."""

from django.core.files.storage import InMemoryStorage

from config.storage import GeneratedNames


class MemoryStorage(GeneratedNames, InMemoryStorage):
    """Or a name that was just deleted would be given again, as it never is for real."""
