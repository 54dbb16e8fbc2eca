# PLACEHOLDER
def load() -> None:
    """Nothing to load."""
