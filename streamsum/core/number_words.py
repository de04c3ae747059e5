"""Words that stand for numbers: English up to a hundred and its scales, the plain ones of German, French and Spanish.

`ONES` are numbers by themselves; `SCALES` multiply what stands before them, as in "1.7 billion".
"""

_EN = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_EN_ORDINALS = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth"""
_DE = """
    null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn
    siebzehn achtzehn neunzehn"""
_DE_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_DE_ORDINALS = "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft"
_FR = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
_FR_TENS = "vingt trente quarante cinquante soixante"
_ES = """
    cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis
    diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis
    veintisiete veintiocho veintinueve"""
_ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_ES_ORDINALS = "primer segund tercer cuart quint sext séptim octav noven décim"


def _numbered(words: str, start: int = 0, step: int = 1) -> dict[str, int]:
    return {word: start + at * step for at, word in enumerate(words.split())}


def _english() -> dict[str, int]:
    ordinals = _numbered(_EN_ORDINALS, 1) | _numbered(_EN_TENS.replace("y", "ieth"), 20, 10)
    plurals = {f"{word}s": value for word, value in ordinals.items() if value > 2}  # two thirds
    more = {"twice": 2, "thrice": 3, "hundredth": 100}
    return _numbered(_EN) | _numbered(_EN_TENS, 20, 10) | ordinals | plurals | more


def _german() -> dict[str, int]:
    words, ones = _numbered(_DE), ["", "einund", *(f"{one}und" for one in _DE.split()[2:10])]
    for tens, value in _numbered(_DE_TENS, 20, 10).items():
        for spelt in (tens, tens.replace("ß", "ss")):
            words |= {f"{one}{spelt}": value + at for at, one in enumerate(ones)}
    for stem, value in _numbered(_DE_ORDINALS, 1).items():
        words |= {f"{stem}e{ending}": value for ending in ("", "r", "n", "s", "m")}
    return words | {"zweimal": 2, "dreimal": 3}


def _french() -> dict[str, int]:
    words = _numbered(_FR) | _numbered(_FR_TENS, 20, 10)
    ordinals = {f"{word.removesuffix('e')}ième": value for word, value in words.items() if value > 1}
    return words | ordinals | {"cinquième": 5, "neuvième": 9, "première": 1, "premier": 1, "seconde": 2}


def _spanish() -> dict[str, int]:
    ordinals = _numbered(_ES_ORDINALS, 1).items()
    inflected = {f"{stem}{ending}": value for stem, value in ordinals for ending in ("o", "a", "os", "as")}
    return _numbered(_ES) | _numbered(_ES_TENS, 30, 10) | inflected | {"primer": 1, "tercer": 3}


ONES: dict[str, dict[str, int]] = {"en": _english(), "de": _german(), "fr": _french(), "es": _spanish()}

SCALES: dict[str, dict[str, float]] = {
    "en": {
        "dozen": 12, "hundred": 100, "thousand": 1e3, "million": 1e6, "millions": 1e6, "billion": 1e9, "trillion": 1e12
    },
    "de": {
        "dutzend": 12, "hundert": 100, "tausend": 1e3, "million": 1e6, "millionen": 1e6, "milliarde": 1e9,
        "milliarden": 1e9, "billionen": 1e12
    },
    "fr": {
        "douzaine": 12, "cent": 100, "cents": 100, "mille": 1e3, "million": 1e6, "millions": 1e6, "milliard": 1e9,
        "milliards": 1e9, "billions": 1e12
    },
    "es": {
        "docena": 12, "cien": 100, "ciento": 100, "mil": 1e3, "millón": 1e6, "millones": 1e6, "billones": 1e12
    },
}  # fmt: skip
# Of all languages, and after a number only; a letter that is a unit as often has both readings.
SHORT_SCALES: dict[str, tuple[float, ...]] = {
    "k": (1e3,), "tsd": (1e3,), "mio": (1e6,), "mn": (1e6,), "mln": (1e6,), "bn": (1e9,), "mrd": (1e9,), "tn": (1e12,),
    "m": (1, 1e6), "b": (1, 1e9),
}  # fmt: skip
_VAGUE = "millions millionen milliarden millones milliards billones billions billionen cents cent mil"
VAGUE = frozenset(_VAGUE.split())  # they count nothing by themselves: "millions of people"
SPANS = {"decade": 10, "decades": 10, "century": 100, "centuries": 100}  # "two decades" is 2 as well as 20
_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
)
MONTHS: dict[str, int] = {month: at for months in _MONTHS for month, at in _numbered(months, 1).items()}
