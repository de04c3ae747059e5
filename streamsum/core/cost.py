"""What a summary costs in tokens: before it begins an estimate, then what its upstream counts, else an estimate again.

An estimate is what prose usually has (`context.usual_tokens`), of what was sent and what came: whoever leaves before
the figures come pays for what was written for them.
"""

from pydantic import BaseModel

from streamsum.core import prompt
from streamsum.core.context import usual_tokens
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause, End, Usage

# Nothing came, and the server said why: it has not worked on it.
_FREE = {Cause.REJECTED, Cause.ERROR, Cause.OVERLOADED, Cause.TOO_LONG}


def expected(
    request: SummaryRequest, *, max_tokens: int | None, item_model: type[BaseModel] = Item, quotes: bool = False
) -> int:
    """Tokens of one call, with the longest answer: `max_tokens`, None: as many as the bullets need."""
    asked = prompt.ask(request, text="", mark="", item_model=item_model, quotes=quotes)
    return (
        usual_tokens(asked.system)
        + usual_tokens(asked.user)
        + usual_tokens(request.text)
        + (max_tokens or asked.max_tokens)
    )


def spent(end: End, *, sent: int, received: int) -> int:
    """Tokens of a call that ended so; `sent` and `received` are estimates, for what the upstream does not say."""
    usage = end.usage or Usage()
    if usage == Usage() and not received and end.cause in _FREE:
        return 0
    prompt_tokens = sent if usage.prompt_tokens is None else usage.prompt_tokens
    return prompt_tokens + (received if usage.completion_tokens is None else usage.completion_tokens)
