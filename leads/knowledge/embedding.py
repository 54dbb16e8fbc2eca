# PLACEHOLDER
"""Stands for the encoder."""


def load() -> None:
    return None


def embed(texts: list[str]) -> list[list[float]]:
    return [[1.0, *[0.0] * 511] for _ in texts]
