"""Where a lead lives, and their time zone: by the city, else the phone, else where most are."""

import re
import unicodedata
from typing import NamedTuple

HOME = "America/Sao_Paulo"
NORONHA = "America/Noronha"
# The states, each with its area codes (DDD), its cities that need no telling apart, by the clock.
_STATES: dict[str, tuple[str, str, str]] = {
    "AC": ("America/Rio_Branco", "68", "Rio Branco, Cruzeiro do Sul"),
    "AL": ("America/Maceio", "82", "Maceió, Arapiraca"),
    "AM": ("America/Manaus", "92 97", "Manaus, Parintins, Itacoatiara"),
    "AP": ("America/Belem", "96", "Macapá"),
    "BA": (
        "America/Bahia",
        "71 73 74 75 77",
        "Salvador, Feira de Santana, Vitória da Conquista, Camaçari, Itabuna, Juazeiro, Ilhéus, "
        "Lauro de Freitas, Jequié, Teixeira de Freitas, Barreiras, Porto Seguro, Alagoinhas",
    ),
    "CE": (
        "America/Fortaleza",
        "85 88",
        "Fortaleza, Caucaia, Juazeiro do Norte, Maracanaú, Sobral, Crato, Itapipoca",
    ),
    "DF": (HOME, "61", "Brasília"),
    "ES": (HOME, "27 28", "Vitória, Vila Velha, Serra, Cariacica, Guarapari, Linhares, Colatina"),
    "GO": (HOME, "62 64", "Goiânia, Aparecida de Goiânia, Anápolis, Rio Verde, Luziânia"),
    "MA": ("America/Fortaleza", "98 99", "São Luís, Imperatriz, Timon, Caxias, Paço do Lumiar"),
    "MG": (
        HOME,
        "31 32 33 34 35 37 38",
        "Belo Horizonte, Uberlândia, Contagem, Juiz de Fora, Betim, Montes Claros, Uberaba, "
        "Ribeirão das Neves, Governador Valadares, Ipatinga, Sete Lagoas, Divinópolis, Ibirité, "
        "Poços de Caldas, Patos de Minas, Pouso Alegre, Teófilo Otoni, Barbacena, Sabará, "
        "Varginha, Itabira, Ouro Preto",
    ),
    "MS": ("America/Campo_Grande", "67", "Campo Grande, Dourados, Três Lagoas, Corumbá, Bonito"),
    "MT": ("America/Cuiaba", "65 66", "Cuiabá, Rondonópolis, Sinop, Tangará da Serra, Sorriso"),
    "PA": (
        "America/Belem",
        "91 93 94",
        "Belém, Ananindeua, Marabá, Parauapebas, Castanhal, Altamira, Marituba",
    ),
    "PB": ("America/Fortaleza", "83", "João Pessoa, Campina Grande, Patos, Bayeux"),
    "PE": (
        "America/Recife",
        "81 87",
        "Recife, Jaboatão dos Guararapes, Olinda, Caruaru, Petrolina, Cabo de Santo Agostinho, "
        "Camaragibe, Garanhuns, Vitória de Santo Antão, Igarassu",
    ),
    "PI": ("America/Fortaleza", "86 89", "Teresina, Parnaíba, Picos, Floriano"),
    "PR": (
        HOME,
        "41 42 43 44 45 46",
        "Curitiba, Londrina, Maringá, Ponta Grossa, Cascavel, São José dos Pinhais, "
        "Foz do Iguaçu, Guarapuava, Paranaguá, Apucarana, Toledo, Araucária",
    ),
    "RJ": (
        HOME,
        "21 22 24",
        "Rio de Janeiro, São Gonçalo, Duque de Caxias, Nova Iguaçu, Niterói, Belford Roxo, "
        "Campos dos Goytacazes, São João de Meriti, Petrópolis, Volta Redonda, Macaé, Magé, "
        "Itaboraí, Cabo Frio, Angra dos Reis, Nova Friburgo, Teresópolis, Maricá, Paraty",
    ),
    "RN": ("America/Fortaleza", "84", "Natal, Mossoró, Parnamirim, Caicó"),
    "RO": ("America/Porto_Velho", "69", "Porto Velho, Ji-Paraná, Ariquemes, Vilhena, Cacoal"),
    "RR": ("America/Boa_Vista", "95", "Boa Vista"),
    "RS": (
        HOME,
        "51 53 54 55",
        "Porto Alegre, Caxias do Sul, Canoas, Pelotas, Santa Maria, Gravataí, Novo Hamburgo, "
        "Viamão, São Leopoldo, Passo Fundo, Rio Grande, Alvorada, Uruguaiana, Bento Gonçalves",
    ),
    "SC": (
        HOME,
        "47 48 49",
        "Florianópolis, Joinville, Blumenau, São José, Chapecó, Itajaí, Criciúma, Jaraguá do Sul, "
        "Palhoça, Lages, Balneário Camboriú, Tubarão",
    ),
    "SE": ("America/Maceio", "79", "Aracaju, Nossa Senhora do Socorro, Lagarto, Itabaiana"),
    "SP": (
        HOME,
        "11 12 13 14 15 16 17 18 19",
        "São Paulo, Guarulhos, Campinas, São Bernardo do Campo, Santo André, Osasco, Sorocaba, "
        "Ribeirão Preto, São José dos Campos, São José do Rio Preto, Mogi das Cruzes, Santos, "
        "Mauá, Diadema, Jundiaí, Piracicaba, Carapicuíba, Bauru, Itaquaquecetuba, Franca, "
        "São Vicente, Praia Grande, Guarujá, Limeira, Suzano, Taubaté, Barueri, Embu das Artes, "
        "Taboão da Serra, Sumaré, Indaiatuba, São Carlos, Cotia, Marília, Jacareí, Araraquara, "
        "Americana, Presidente Prudente, Hortolândia, Itapevi, Araçatuba, Rio Claro, Ubatuba",
    ),
    "TO": ("America/Araguaina", "63", "Palmas, Araguaína, Gurupi"),
}
STATES = frozenset(_STATES)
# "Recife - PE", "Recife/PE", "Recife, PE", "Recife (PE)".
_WITH_STATE = re.compile(r"^(?P<city>.+?)\s*(?:[-–/,]\s*|\()(?P<state>[A-Za-z]{2})\)?\s*$")


def _plain(text: str) -> str:
    """In lower case, without accents and hyphens: as people who hurry write it."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(letters.replace("-", " ").split())


_BY_CODE = {code: state for state, (_, codes, _) in _STATES.items() for code in codes.split()}
_BY_CITY = {
    _plain(city): state for state, (_, _, cities) in _STATES.items() for city in cities.split(", ")
}


class Place(NamedTuple):
    """A state, "" if we cannot know it, and a time zone, which is always one."""

    state: str
    time_zone: str


def place_of(*, city: str = "", state: str = "", phone: str = "") -> Place:
    """The place by the state that was said, else the city, else the area code of an E.164 phone."""
    if "noronha" in _plain(city):
        return Place("PE", NORONHA)
    found = _valid(state) or state_of_city(city) or state_of_phone(phone)
    return Place(found, _STATES[found][0] if found else HOME)


def state_of_city(city: str) -> str:
    return _parts(city)[1] or _BY_CITY.get(_plain(city), "")


def without_state(city: str) -> str:
    return _parts(city)[0]


def _parts(city: str) -> tuple[str, str]:
    """The city, and the state that was written behind it."""
    if (match := _WITH_STATE.match(city)) and (state := _valid(match["state"])):
        return match["city"], state
    return city, ""


def state_of_phone(phone: str) -> str:
    """The state of a Brazilian number's area code."""
    return _BY_CODE.get(phone[3:5], "") if phone.startswith("+55") else ""


def _valid(state: str) -> str:
    code = state.strip().upper()
    return code if code in STATES else ""
