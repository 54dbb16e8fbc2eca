"""Messages that no document can answer: orders to the assistant, and what is other people's.

It only spares the effort and hands over sooner: what an assistant may do is decided in code,
whatever it was told.
"""

import re

from leads.knowledge.wording import bare

ORDERS = [
    r"\b(ignore|ignora|ignorar|desconsider\w+|desobede\w+)\b.*\b(regra|instruc|ordem|ordens|acima|anterior)",
    r"\bpar\w+ de (seguir|obedecer)\b",
    r"\besquec\w+ (tudo|o que|que) .*\b(te|lhe|falar|disser|regra|instruc)",
    r"\b(suas|tuas) (regras|ordens|diretrizes|instruc\w+)",
    r"\b(instruc\w+|mensagem|regras?|texto|palavras?) (internas?|(do|de) sistema)\b",
    r"\b(prompt|jailbreak)\b|^\W*(system|sistema)\W*:",
    r"\bmodo (desenvolvedor|administrador|admin|root|dan|sem filtro)\b",
    r"\b(finja|finge|aja|age|comporte-se|faca de conta)\b.*\b(que|como)\b",
    r"\b(voce|vc) agora e\b|\bagora (voce|vc) e\b|\bseu nome (agora )?e\b",
    r"\b(a partir de agora|de agora em diante|daqui (pra|para|em) (a )?(frente|diante))\b",
    r"\b(respond|repit|repet|dig|diz|escrev)\w* (apenas|so|somente|sempre|comigo|tudo em|que)\b",
    r"\bnova regra\b|</?\w+>|\bdrop table\b|\bdelete from\b|\bselect \*|\.env\b",
    r"\b(senhas?|chaves?|tokens?|acesso)\b.*\b(admin\w*|painel|api|banco de dados|usuarios)\b",
]
# Contact data of somebody else; of one's own one says "my".
OTHERS = (
    r"\b(e-?mails?|telefones?|celular(es)?|whatsapp|zap|cpf|contatos?|enderecos?)\b"
    r".*\b(d[aeo]s?|para|com) (tod[ao]s? |[ao]s? |outr[ao]s? |cada |minha |casa da )*"
    r"(pessoas?|voluntari\w+|inscrit\w+|participantes?|cadastrad\w+|usuari\w+|coordenador\w*"
    r"|organizador\w*|quem|alguem)\b"
)
OWN = re.compile(r"\b(meu|minha|meus|minhas|eu)\b")
_orders = re.compile("|".join(f"(?:{pattern})" for pattern in ORDERS))
_others = re.compile(OTHERS)


def is_refused(question: str) -> bool:
    """Whether it tells the assistant what to be, or asks for what is other people's."""
    text = bare(question)
    if _orders.search(text):
        return True
    return bool(_others.search(text)) and not OWN.search(text)
