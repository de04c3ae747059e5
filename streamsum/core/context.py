"""Does a source fit into a model's context? Estimated before anything is spent, and never refused in error.

Who counts is the model's server, by a vocabulary that we do not have. So we refuse only what no vocabulary could make
fit, and say what usually would. Both are about prose: a megabyte of spaces may be a thousand tokens, and is refused.
"""

from pydantic import BaseModel

from streamsum.core import prompt
from streamsum.core.models import Item, SummaryRequest

# More than prose has in any script. Vocabularies cut a text at its spaces first, so that a token is at most a word and
# the space before it: 5 to 7 characters in English, French, Russian or Hindi. Where words are longer (Finnish, Tamil)
# none has them whole, and where there are no spaces (Chinese, Japanese, Thai) tokens have one to four characters.
_MOST_CHARS_A_TOKEN = 8
# What it usually has, in UTF-8: the rule of thumb for English, and on the safe side for most of the others.
_USUAL_BYTES_A_TOKEN = 4

_ENGLISH = "e"


def least_tokens(text: str) -> int:
    """As many tokens `text` has at least, if it is prose."""
    return len(text) // _MOST_CHARS_A_TOKEN


def room(
    request: SummaryRequest, *, context_tokens: int, max_tokens: int | None = None, item_model: type[BaseModel] = Item
) -> int:
    """Tokens that are left for the source at most, besides what is asked of it and the answer, of `max_tokens`."""
    asked = prompt.ask(request, text="", mark="", item_model=item_model)
    # Some upstreams grant an answer less than is asked for, but none that we know less than half of its context.
    answer = min(max_tokens or asked.max_tokens, context_tokens // 2)
    return max(context_tokens - answer - least_tokens(asked.system + asked.user), 0)


def usual_tokens(text: str) -> int:
    """As many tokens `text` usually has."""
    size = len(text) if text.isascii() else len(text.encode(errors="replace"))
    return -(-size // _USUAL_BYTES_A_TOKEN)


def usual_chars(tokens: int, *, like: str = _ENGLISH) -> int:
    """As many characters as usually fit into `tokens`, of a text `like` this one: of English, if there is none."""
    return tokens * _USUAL_BYTES_A_TOKEN * len(like) // len(like.encode())
