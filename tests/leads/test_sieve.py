"""Nothing leaves without a source, and no source that was not found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.agent.sieve import Sieve
from leads.agent.turns import Citation, Token
from leads.knowledge.retrieval import Evidence

FOUND = [
    Evidence(1, 11, "Guia", "https://exemplo.org.br/guia", "Veja https://a.org/x.", 1.0, 1.0),
    Evidence(2, 12, "Agenda", "", "Sábado às 8h.", 0.9, 0.9),
]


def through(*pieces, evidence=FOUND):
    """What of these pieces leaves, and the numbers that were cited."""
    sieve = Sieve(evidence)
    events = [event for piece in pieces for event in sieve.feed(piece)]
    if sieve.cited:
        events += sieve.close()
    text = "".join(event.text for event in events if isinstance(event, Token))
    return text, [event.number for event in events if isinstance(event, Citation)]


@pytest.mark.parametrize(
    ("written", "leaves", "cited"),
    [
        ("Às 8h [2].", "Às 8h [2].", [2]),
        ("Claro! Às 8h [2]. Leve água [1].", "Claro! Às 8h [2]. Leve água [1].", [2, 1]),
        ("Às 8h [2], e é perto [2].", "Às 8h [2], e é perto [2].", [2]),
        ("Às 8h [9].", "", []),
        ("Às 8h [fonte: secreta] [2].", "Às 8h  [2].", [2]),
        ("Às 8h [0][-1][2].", "Às 8h [2].", [2]),
        ("Sem fonte nenhuma.", "", []),
        ("Às 8h [2].\n\nE mais nada disso é verdade.", "Às 8h [2].", [2]),
        ("Às 8h [2].\n\nInventado.\n\nLeve água [1].", "Às 8h [2].\n\nLeve água [1].", [2, 1]),
        ("Inventado.\n\nÀs 8h [2].", "Às 8h [2].", [2]),
        ("Às 8h [2]. Você vem?", "Às 8h [2].\n\nVocê vem?", [2]),
        ("Às 8h [2]. Venha. Você vem?", "Às 8h [2].\n\nVocê vem?", [2]),
        ("São dois:\n\n- às 8h [2]", "São dois:\n\n- às 8h [2]", [2]),
        ("Veja https://a.org/x. [1]", "Veja https://a.org/x. [1]", [1]),
        ("Veja https://mau.org/x [1]", "Veja  [1]", [1]),
        ("Veja www.mau.org [1]", "Veja  [1]", [1]),
        ("Veja mau.org/pague [1]", "Veja  [1]", [1]),
        ("[clique](https://mau.org) [1]", "() [1]", [1]),
        ("Às 8h [2] e [", "Às 8h [2]", [2]),
    ],
)
def test_only_what_has_a_source_leaves(written, leaves, cited):
    assert through(written) == (leaves, cited)


@pytest.mark.parametrize("written", ["Às 8h [2]. Leve água [1]. Você vem?", "[9] a [1] b\n\nc [2]"])
def test_it_makes_no_difference_how_it_is_cut(written):
    assert through(*written) == through(written)


def test_without_evidence_nothing_is_a_source():
    assert through("Às 8h [1].", evidence=[]) == ("", [])


@given(st.lists(st.text(alphabet="a.?[]129 \n", max_size=12), max_size=12))
def test_no_number_leaves_that_was_not_found(pieces):
    text, cited = through(*pieces)

    assert set(cited) <= {1, 2}
    assert "[9]" not in text
    assert "[12]" not in text
