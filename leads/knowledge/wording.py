"""Questions as people type them, in words that documents use."""

import re
import unicodedata
from datetime import date, timedelta

from django.utils import translation
from django.utils.formats import date_format

LONGEST = 1000  # letters of a question that are read
WORD = re.compile(r"[\w@./:-]*\w", re.UNICODE)
# How Brazilians abbreviate when they chat; the keys without accents.
SHORT = {
    "q": "que", "oq": "o que", "oque": "o que", "pq": "por que", "vc": "você", "vcs": "vocês",
    "ce": "você", "ces": "vocês", "n": "não", "nao": "não", "naum": "não", "eh": "é",
    "ta": "está", "to": "estou", "tao": "estão", "tava": "estava", "tô": "estou", "pra": "para",
    "pro": "para o", "pros": "para os", "pras": "para as", "d": "de", "c": "com", "p": "para",
    "tb": "também", "tbm": "também", "td": "tudo", "tds": "todos", "blz": "beleza",
    "hj": "hoje", "amanha": "amanhã", "ontm": "ontem", "qnd": "quando", "qdo": "quando",
    "qto": "quanto", "qtos": "quantos", "qtas": "quantas", "qt": "quanto",
    "msg": "mensagem", "msgs": "mensagens", "cel": "celular", "zap": "whatsapp",
    "facul": "faculdade", "fds": "fim de semana", "findi": "fim de semana", "fone": "telefone",
    "hr": "hora", "hrs": "horas", "obg": "obrigado", "pfv": "por favor",
    "pf": "por favor", "cmg": "comigo", "ctg": "contigo", "dps": "depois", "add": "adicionar",
    "gnt": "gente", "mto": "muito", "mt": "muito",
    "floripa": "Florianópolis", "sampa": "São Paulo", "bh": "Belo Horizonte",
    "poa": "Porto Alegre", "rj": "Rio de Janeiro", "sp": "São Paulo",
}  # fmt: skip
WEEKDAYS = ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo")
# Words that say nothing about what is asked, without accents.
_EMPTY = """
a o as os um uma uns umas de do da dos das em no na nos nas por pelo pela pelos pelas para com
sem sob sobre ao aos e ou mas que se como quando onde qual quais quem quanto quanta quantos
quantas eu tu ele ela eles elas voce voces me te lhe meu minha meus minhas seu sua seus suas
nosso nossa isso isto esse essa esses essas este esta estes estas aquele aquela aqueles aquelas
aquilo ser sou era foi sao estar estou estava estao ter tem tenho tinha ha haver vai vou vao ir
fui ia iria vem faz fazer faco fiz pode posso podem poder dar quero queria quer preciso precisa
ai la aqui ali ja nao sim so tambem muito muita mais menos ainda mesmo agora entao ne tipo assim
algum alguma alguem algo nada tudo todo toda todos todas outro outra cada gente oi ola bom boa
dia tarde noite favor obrigado obrigada cara mano moco moca coisa coisas negocio ate desde entre
depois antes bem mal q vcs vc pq pra pro tal lugar consigo consegue hoje amanha fim semana final
teria saber sei sabe gostaria ver dizer diz fala falar
"""
EMPTY = set(_EMPTY.split())


def bare(text: str) -> str:
    """In lower case and without accents."""
    split = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def plain(question: str) -> str:
    """The question with its abbreviations written out."""
    return " ".join(_written(word) for word in question[:LONGEST].split())


def days(question: str, today: date) -> str:
    """The dates of the days that a question names without one, like "sábado, 5 de dezembro"."""
    return ", ".join(_name(day) for day in _days(bare(plain(question)), today))


def _written(word: str) -> str:
    core = word.strip(".,;:!?…()\"'")
    long = SHORT.get(bare(core)) if core else None
    return word.replace(core, long) if long else word


def _days(question: str, today: date) -> list[date]:
    """The days that a question speaks of without saying their date."""
    words = set(re.findall(r"\w+", question))
    if "fim de semana" in question or "final de semana" in question:
        saturday = _next(5, today)
        return [saturday, saturday + timedelta(days=1)]
    if "depois de amanha" in question:
        return [today + timedelta(days=2)]
    if "amanha" in words:
        return [today + timedelta(days=1)]
    if "hoje" in words:
        return [today]
    return [_next(number, today) for number, name in enumerate(WEEKDAYS) if name in words]


def _next(weekday: int, today: date) -> date:
    return today + timedelta(days=(weekday - today.weekday()) % 7)


def _name(day: date) -> str:
    with translation.override("pt-br"):
        return str(date_format(day, r"l, j \d\e F")).lower()
