"""What needs no evidence: greetings, thanks, and the wish to talk to a person."""

import re
import unicodedata

GREETINGS = {
    *("oi", "oie", "ola", "opa", "alo", "hey", "hi", "hello", "bom", "boa", "dia", "tarde"),
    *("noite", "tudo", "bem", "td", "eai", "e", "ai", "good", "morning", "afternoon", "evening"),
    *("pessoal", "gente", "amigos", "there", "como", "vai", "vcs", "voces"),
}
# At least one of them makes it a greeting: "tudo" or "dia" alone do not.
SALUTATIONS = {
    *("oi", "oie", "ola", "opa", "alo", "hey", "hi", "hello", "bom", "boa", "eai", "good"),
}
THANKS = {
    *("obrigado", "obrigada", "obg", "brigado", "brigada", "valeu", "vlw", "thanks", "thank"),
    *("muito", "you", "ok", "okay", "blz", "beleza", "certo", "entendi", "perfeito", "legal"),
    *("otimo", "show", "tchau", "ate", "logo", "mais", "bye", "de", "nada", "sim", "ta", "bom"),
}
GRATITUDE = {
    *("obrigado", "obrigada", "obg", "brigado", "brigada", "valeu", "vlw", "thanks", "thank"),
    *("ok", "okay", "blz", "beleza", "entendi", "perfeito", "tchau", "bye", "otimo", "show"),
}
YES = {"sim", "s", "quero", "sim quero", "pode ser", "sim por favor", "isso", "yes", "please"}
NO = {"nao", "n", "nao obrigado", "nao obrigada", "nao precisa", "no", "no thanks"}
PEOPLE = (
    r"pessoa|pessoas|humano|humana|atendente|alguem|voluntario|equipe|responsavel|gente de verdade"
    r"|person|human|someone|agent|staff"
)
WISH = re.compile(
    rf"^(?:{PEOPLE})$"
    rf"|\b(?:falar|conversar|fala|atendido|atendida|chama|chame|chamar|passa|passe|transfere"
    rf"|transfira|talk|speak)\b.{{0,30}}\b(?:{PEOPLE})\b"
)


def plain(text: str) -> str:
    """Lower case, without accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def is_greeting(text: str) -> bool:
    """Nothing but a greeting; so is nothing at all."""
    words = set(plain(text).split())
    return words <= GREETINGS and (bool(words & SALUTATIONS) or not text.strip())


def is_thanks(text: str) -> bool:
    """Nothing but thanks, or a sign of them: 👍."""
    if text.strip() and not any(sign.isalnum() for sign in text):
        return True
    words = set(plain(text).split())
    return words <= THANKS and bool(words & GRATITUDE)


def is_yes(text: str) -> bool:
    return plain(text) in YES


def is_no(text: str) -> bool:
    return plain(text) in NO


def wants_person(text: str) -> bool:
    return bool(WISH.search(plain(text)))
