import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.knowledge import chunks
from leads.knowledge.chunks import Passage, cut


def test_each_section_is_a_passage_under_its_heading():
    text = "Antes.\n\n# Um\n? Quem?\n? Quando?\nPrimeiro.\n\n## Dois\nSegundo."

    assert cut(text) == [
        Passage("Antes."),
        Passage("Um\nPrimeiro.", ("Quem?", "Quando?")),
        Passage("Dois\nSegundo."),
    ]


def test_long_section_is_cut_between_sentences_and_keeps_its_heading():
    sentence = "Uma frase de tamanho médio que se repete. "
    found = cut(f"## Longo\n{sentence * 60}")

    assert len(found) > 2
    assert all(one.text.startswith("Longo\nUma frase") for one in found)
    assert all(len(one.text) < chunks.LONGEST + 100 for one in found)


def test_heading_without_text_is_no_passage():
    assert cut("## Só título\n\n## Outro\nTexto") == [Passage("Outro\nTexto")]


@given(st.text(st.characters(codec="utf-8"), max_size=3000))
def test_nothing_is_too_long_whatever_it_holds(text):
    for passage in cut(text):
        assert 0 < len(passage.text) <= chunks.LONGEST + 201
        assert all(len(question) <= 300 for question in passage.questions)


@pytest.mark.parametrize("text", ["", "\n\n", "# "])
def test_nothing_becomes_nothing(text):
    assert [one for one in cut(text) if one.text.strip("# ")] == []
