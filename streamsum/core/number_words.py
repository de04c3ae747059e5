"""Words that stand for numbers: English up to a hundred and its scales, and the plain ones of German, French and Spanish.

`ONES` are numbers by themselves; `SCALES` multiply what stands before them, as in "1.7 billion".
"""

_EN = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen""".split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_ORDINALS = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth""".split()
_DE = """
    null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn
    neunzehn""".split()
_DE_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_DE_ORDINALS = "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft".split()
_FR = """
    zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize""".split()
_FR_TENS = "vingt trente quarante cinquante soixante".split()
_ES = """
    cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho
    diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho
    veintinueve""".split()
_ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_ES_ORDINALS = "primer segund tercer cuart quint sext séptim octav noven décim".split()


def _english() -> dict[str, int]:
    words = dict(zip(_EN, range(20), strict=True)) | dict(zip(_EN_TENS, range(20, 100, 10), strict=True))
    ordinals = dict(zip(_EN_ORDINALS, range(1, 20), strict=True))
    ordinals |= {f"{tens[:-1]}ieth": words[tens] for tens in _EN_TENS}
    plurals = {f"{ordinal}s": value for ordinal, value in ordinals.items() if value > 2}  # two thirds
    return words | ordinals | plurals | {"twice": 2, "thrice": 3, "hundredth": 100}


def _german() -> dict[str, int]:
    words = dict(zip(_DE, range(20), strict=True))
    for tens, value in zip(_DE_TENS, range(20, 100, 10), strict=True):
        for spelt in {tens, tens.replace("ß", "ss")}:
            ones = enumerate(["ein", *_DE[2:10]], 1)
            words |= {spelt: value} | {f"{one}und{spelt}": value + at for at, one in ones}
    for stem, value in zip(_DE_ORDINALS, range(1, 13), strict=True):
        words |= {f"{stem}e{ending}": value for ending in ("", "r", "n", "s", "m")}
    return words | {"zweimal": 2, "dreimal": 3}


def _french() -> dict[str, int]:
    words = dict(zip(_FR, range(17), strict=True)) | dict(zip(_FR_TENS, range(20, 70, 10), strict=True))
    words |= {f"{word.removesuffix('e')}ième": value for word, value in words.items() if value > 1}
    return words | {"cinquième": 5, "neuvième": 9, "première": 1, "premier": 1, "seconde": 2}


def _spanish() -> dict[str, int]:
    words = dict(zip(_ES, range(30), strict=True)) | dict(zip(_ES_TENS, range(30, 100, 10), strict=True))
    for stem, value in zip(_ES_ORDINALS, range(1, 11), strict=True):
        words |= {f"{stem}{ending}": value for ending in ("o", "a", "os", "as")}
    return words | {"primer": 1, "tercer": 3}


ONES: dict[str, dict[str, int]] = {"en": _english(), "de": _german(), "fr": _french(), "es": _spanish()}

SCALES: dict[str, dict[str, float]] = {
    "en": {"dozen": 12, "hundred": 100, "thousand": 1e3, "million": 1e6, "millions": 1e6, "billion": 1e9, "trillion": 1e12},
    "de": {"dutzend": 12, "hundert": 100, "tausend": 1e3, "million": 1e6, "millionen": 1e6, "milliarde": 1e9}
    | {"milliarden": 1e9, "billionen": 1e12},
    "fr": {"douzaine": 12, "cent": 100, "cents": 100, "mille": 1e3, "million": 1e6, "millions": 1e6, "milliard": 1e9}
    | {"milliards": 1e9, "billions": 1e12},
    "es": {"docena": 12, "cien": 100, "ciento": 100, "mil": 1e3, "millón": 1e6, "millones": 1e6, "billones": 1e12},
}
# Of all languages, and after a number only; a letter that is a unit as often has both readings.
SHORT_SCALES: dict[str, tuple[float, ...]] = {
    "k": (1e3,), "tsd": (1e3,), "mio": (1e6,), "mn": (1e6,), "mln": (1e6,), "bn": (1e9,), "mrd": (1e9,), "tn": (1e12,),
    "m": (1, 1e6), "b": (1, 1e9),
}  # fmt: skip
# In the plural they count nothing by themselves: "millions of people".
VAGUE = frozenset("millions millionen milliarden millones milliards billones billions billionen cents cent mil".split())
# "Two decades" is 2 as well as 20.
SPANS = {"decade": 10, "decades": 10, "century": 100, "centuries": 100}
MONTHS: dict[str, int] = {
    month: at
    for months in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    )
    for at, month in enumerate(months.split(), 1)
}
