"""Words that turn a statement around: negations, and pairs of opposites.

Two texts with nearly the same words say nearly the same, unless one of these stands between them. Short lists, of words
whose opposite sense is their commonest one. Folded, "don't" ends in a "t" of its own.
"""

from collections.abc import Collection, Sequence

from streamsum.core.folding import fold

_NEGATIONS = frozenset(
    fold(
        """no not never none nobody nothing nowhere neither nor without cannot t
    nicht nie niemals kein keine keinen keinem keiner keines niemand nichts ohne weder
    ne pas jamais aucun aucune rien personne sans ni
    nunca jamás nadie nada ningún ninguna ninguno sin tampoco
    non nessuno nessuna niente senza não ninguém sem nenhum nenhuma
    niet geen nooit niemand zonder inte ingen aldrig utan ikke uten не нет ни без никогда"""
    ).split()
)
_PAIRS = """
    rise fall, rose fell, rising falling, up down, more less, more fewer, most least, increase decrease,
    increase fall, increased fell, grow shrink, grew shrank, gain loss, gained lost, win lose, won lost,
    profit loss, higher lower, high low, highest lowest, larger smaller, largest smallest, longer shorter,
    longest shortest, faster slower, fastest slowest, older younger, oldest youngest, better worse, best worst,
    warmer cooler, hot cold, wet dry, first last, early late, earlier later, before after, above below,
    over under, accept reject, accepted rejected, approve reject, approved rejected, allow forbid,
    allowed forbidden, agree refuse, agreed refused, include exclude, open close, opened closed, start end,
    began ended, begin end, buy sell, bought sold, hire fire, hired fired, enter leave, entered left,
    arrive leave, north south, east west, northern southern, eastern western, left right, man woman, men women,
    husband wife, father mother, son daughter, brother sister, always never, all none, everyone nobody,
    many few, import export, love hate, succeed fail, succeeded failed, success failure, legal illegal,
    guilty innocent, alive dead, true false, safe unsafe, possible impossible, remove add, removed added,
    strengthen weaken, raise cut, raised cut, expand contract, full empty, heavy light, strong weak, rich poor,
    steigen fallen, stieg fiel, länger kürzer, größer kleiner, höher niedriger, vor nach, gewann verlor,
    öffnen schließen, monter baisser, augmenté diminué, avant après, gagner perdre, ouvrir fermer, grand petit,
    subir bajar, subió bajó, antes después, izquierda derecha, ganar perder, abrir cerrar, mayor menor"""


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.split(","):
        one, other = (fold(word) for word in pair.split())
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


_OPPOSITES = _opposites()


# Those that deny the words right behind them.
_DENIALS = frozenset(fold("not never t nicht nie niemals pas jamais nunca jamás niet inte ikke").split())
# Between two exchanged names one of these, on one side only, puts them right again: "built by" and "built".
PASSIVE = frozenset({"by", "von", "vom", "durch", "par", "por", "da", "door", "av", "af"})
_NEAR = 2  # words behind a denial that it is of


def denied(folded: Sequence[str]) -> set[str]:
    """The words right behind a denial."""
    if _DENIALS.isdisjoint(folded):  # as in most
        return set()
    return {word for at, each in enumerate(folded) if each in _DENIALS for word in folded[at + 1 : at + 1 + _NEAR]}


def is_negated(folded: Collection[str]) -> bool:
    """Is there a negation among these folded words?"""
    return not _NEGATIONS.isdisjoint(folded)


def oppose(ones: Collection[str], others: Collection[str]) -> bool:
    """Is there a word of which the others have an opposite instead? All folded."""
    return any(
        not _OPPOSITES[word].isdisjoint(others) and _OPPOSITES[word].isdisjoint(ones)
        for word in _OPPOSITES.keys() & set(ones).difference(others)
    )
