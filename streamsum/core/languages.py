"""Which language a text is in, as far as its script and its commonest words tell."""

import re
from collections import Counter

from streamsum.core.folding import fold
from streamsum.core.function_words import FUNCTION_WORDS

# A page tells a language as well as a book does.
_SAMPLE_CHARS = 4_000
# Half the words of prose are function words, and a third of a terse note; of a neighbour's, one in six.
_ENOUGH = 0.2
# Fewer words tell nothing: "Die Hard" is no German.
_FEWEST_WORDS = 5
# Danish and Norwegian share most of theirs: who is not that much ahead is not told apart.
_AHEAD = 1.25
# A text in another script may quote some Latin, and the other way round.
_MOST = 0.5
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTER = re.compile(r"[^\W\d_]")
# Scripts that few languages are written in, and which. Kana first: Japanese has more Chinese characters than kana.
_SCRIPTS = {
    re.compile(f"[{characters}]"): frozenset(languages.split())
    for characters, languages in {
        "\uac00-\ud7af\u1100-\u11ff": "ko",
        "\u3400-\u9fff\U00020000-\U0003ffff": "zh yue",
        "\u0e00-\u0e7f": "th",
        "\u0590-\u05ff": "he yi",
        "\u0600-\u06ff": "ar fa ur ps",
        "\u0370-\u03ff\u1f00-\u1fff": "el",
        "\u0900-\u097f": "hi mr ne",
        "\u0400-\u04ff": "ru uk bg be mk sr",
    }.items()
}
_COMMONEST = frozenset({"zh", "he"})  # by far, of those in their script
_KANA, _JAPANESE = re.compile("[\u3040-\u30ff]"), frozenset({"ja"})
# Japanese has a kana in three letters; a Chinese text has some in a Japanese name.
_KANA_ENOUGH = 0.1
_ONE_SCRIPT = _JAPANESE.union(*_SCRIPTS.values())

_FUNCTION_WORDS = frozenset().union(*FUNCTION_WORDS.values())

_STOP_WORDS = {
    language: frozenset(piece for word in known for piece in fold(word).split())
    for language, known in FUNCTION_WORDS.items()
}


def speaks(text: str, language: str) -> bool | None:
    """Is `text` in the language of this BCP 47 tag? None: it cannot be told. Only the text's beginning is looked at."""
    primary = language.partition("-")[0].lower()
    sample = text[:_SAMPLE_CHARS]
    of_script = _languages_of_script(sample)
    if of_script and primary not in of_script:
        return False
    if of_script and primary not in FUNCTION_WORDS:
        return True if len(of_script) == 1 or primary in _COMMONEST else None
    if not of_script and primary in _ONE_SCRIPT:
        return False if _LETTER.search(sample) else None
    return _among_neighbours(_shares(sample), primary)


def guess(text: str) -> str | None:
    """The language of `text`, if it is one whose function words are known, and there are enough of them."""
    shares = _shares(text[:_SAMPLE_CHARS])
    best = max(shares, key=lambda each: shares[each], default=None)
    return best if best and shares[best] >= _ENOUGH else None


def stop_words(language: str | None) -> frozenset[str]:
    """The function words of a language that `guess` knows, folded; none of any other."""
    return _STOP_WORDS.get(language or "", frozenset())


def _among_neighbours(shares: dict[str, float], primary: str) -> bool | None:
    best = max(shares.values(), default=0.0)
    if best < _ENOUGH or (primary not in FUNCTION_WORDS and best < 2 * _ENOUGH):
        return None
    share = shares.pop(primary, 0.0)
    rival = max(shares.values())
    if share >= rival * _AHEAD:
        return True
    return False if rival >= share * _AHEAD else None


def _languages_of_script(sample: str) -> frozenset[str]:
    """Those that are written in the script that most of `sample` is in; none for Latin, and what is not known here."""
    letters = len(_LETTER.findall(sample))
    if len(_KANA.findall(sample)) > letters * _KANA_ENOUGH:
        return _JAPANESE
    for script, languages in _SCRIPTS.items():
        if len(script.findall(sample)) > letters * _MOST:
            return languages
    return frozenset()


def _shares(sample: str) -> dict[str, float]:
    """For each language the share of the words in `sample` that are its function words."""
    often = _words(sample.casefold())
    total = often.total()
    if total < _FEWEST_WORDS:
        return {}
    known = _FUNCTION_WORDS.intersection(often)
    return {
        language: sum([often[word] for word in known & words]) / total for language, words in FUNCTION_WORDS.items()
    }


def _words(folded: str) -> Counter[str]:
    """How often there is each. What stands between spaces is mostly one as it is; marks are looked for in the rest."""
    often = Counter(folded.split())
    for piece in [piece for piece in often if not piece.isalpha()]:
        times = often.pop(piece)
        for word in _WORD.findall(piece):
            often[word] += times
    return often
