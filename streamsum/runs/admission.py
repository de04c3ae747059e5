"""Which upstreams can take a summary on, as far as that is known before anything is spent."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from streamsum.core import context, cost
from streamsum.core.languages import speaks
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.refusals import refused
from streamsum.errors import RequestRefused
from streamsum.keys_file import NO_KEY, Key
from streamsum.runs.routing import candidates
from streamsum.upstream.base import Upstream

# For what is said of a model to all: nobody's text, and every other field as it is by default.
_BY_DEFAULT = SummaryRequest(text="-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One model that a request may name; what nobody knows is None."""

    id: str
    default: bool
    context_tokens: int | None
    max_chars: int | None  # as long as a text usually may be, with the default request


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """`upstreams` in the operator's order; `max_tokens` is sent with every call, None: as many as the bullets need."""

    upstreams: Sequence[Upstream]
    max_tokens: int | None = None
    item_model: type[BaseModel] = Item

    def choose(self, request: SummaryRequest, *, key: Key = NO_KEY) -> list[Upstream]:
        """Those that can take this key's request, in order.

        Raises RequestRefused: context_too_long, forbidden, invalid_request.
        """
        wanted = [each for each in candidates(self.upstreams, request.model) if key.may_use(each.model)]
        if not wanted:
            raise RequestRefused("forbidden")
        if request.evidence == "require" and request.language and speaks(request.text, request.language) is False:
            wanted = [each for each in wanted if each.can.quotes]
            if not wanted:
                raise refused("not_with_language", "evidence")
        rooms = [self._room(request, each.can.context_tokens) for each in wanted]
        tokens = context.least_tokens(request.text)
        able = [each for each, room in zip(wanted, rooms, strict=True) if room is None or tokens <= room]
        if able:
            return able
        largest = max(room for room in rooms if room is not None)
        raise RequestRefused("context_too_long", max_chars=context.usual_chars(largest, like=request.text))

    def tokens(self, request: SummaryRequest, upstream: Upstream) -> int:
        """As many as one call of it is expected to cost at most."""
        return cost.expected(
            request, max_tokens=self.max_tokens, item_model=self.item_model, quotes=upstream.can.quotes
        )

    def offers(self, *, key: Key = NO_KEY) -> list[Offer]:
        """Every model of this key once, the default first."""
        models = dict.fromkeys(each.model for each in self.upstreams if key.may_use(each.model))
        return [self._offer(model, default=n == 0) for n, model in enumerate(models)]

    def _offer(self, model: str, *, default: bool) -> Offer:
        contexts = [each.can.context_tokens for each in candidates(self.upstreams, model)]
        tokens = None if None in contexts else max(filter(None, contexts))
        room = self._room(_BY_DEFAULT, tokens)
        max_chars = None if room is None else context.usual_chars(room)
        return Offer(id=model, default=default, context_tokens=tokens, max_chars=max_chars)

    def _room(self, request: SummaryRequest, context_tokens: int | None) -> int | None:
        if context_tokens is None:
            return None
        return context.room(
            request, context_tokens=context_tokens, max_tokens=self.max_tokens, item_model=self.item_model
        )
