"""What an answer that is not a 2xx says, in our words.

A provider's message is looked at and never repeated: of what it says, only names go into our log.
"""

import email.utils
import json
import re
import time
from typing import Any

from streamsum.core.passes import Cause, End, Prompt
from streamsum.telemetry.logs import logger
from streamsum.upstream.answers import MAX_TOKENS

# Longer than this nobody waits, whatever the upstream asks for.
MAX_RETRY_AFTER_S = 60.0
# Without a word from the upstream.
_RETRY_AFTER_S = 1.0

# Tokens are counted by the upstream over everything, characters by us over the source: leave some room.
_MARGIN = 0.9

# What is said of one request's content; a key, a name or an address that is wrong is wrong for all.
_OF_REQUEST = {400, 413, 422}

_NAME = re.compile(r"[\w.\[\]-]{1,64}", re.ASCII)
# What servers write for "prompt and answer do not fit into the context": OpenAI, vLLM, llama.cpp, Mistral, Anthropic,
# TGI and Ollama's proxies, in this order.
_TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context length|exceed_context_size|context size|too large for model with"
    r"|prompt is too long|must be <= \d+. Given|context (?:length|window)",
    re.IGNORECASE,
)


class BadStatus(Exception):
    """An answer that is not a 2xx: for whoever made the request, and for nobody's eyes."""

    def __init__(self, status: int, text: str, *, retry_after: str | None) -> None:
        """`text` is the answer's body."""
        super().__init__(status)
        self.status = status
        self.text = text
        self.retry_after = retry_after
        self.body = _error_in(text)  # the error object, where there is one


def end_of_status(error: BadStatus, *, prompt: Prompt, upstream: str) -> End:
    """How the pass ended; a refusal of our request is logged for the operator."""
    match error.status:
        case 429:
            return End(Cause.OVERLOADED, retry_after=_retry_after(error.retry_after))
        case status if status >= 500:
            return End(Cause.ERROR)
        case _ if is_too_long(error):
            return End(Cause.TOO_LONG, max_chars=_max_chars(error.body, prompt))
        case status:
            code, kind, parameter = (_name(error.body, member) for member in ("code", "type", "param"))
            logger.warning(
                "upstream refused a call",
                upstream=upstream,
                status=status,
                provider_code=code,
                provider_type=kind,
                provider_param=parameter,
            )
            return End(Cause.REJECTED, of_request=status in _OF_REQUEST)


def is_too_long(error: BadStatus) -> bool:
    """Does it say that the prompt does not fit into the model's context?"""
    return error.status in {400, 413, 422} and bool(_TOO_LONG.search(error.text))


def _error_in(text: str) -> Any:
    """As OpenAI's own clients find it."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body.get("error", body) if isinstance(body, dict) else body


def _name(body: object, member: str) -> str:
    value = body.get(member) if isinstance(body, dict) else None
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "-"


def _retry_after(value: str | None) -> float:
    """RFC 9110, section 10.2.3: seconds, or a date."""
    if not value:
        return _RETRY_AFTER_S
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_RETRY_AFTER_S)
    try:
        seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return _RETRY_AFTER_S
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _max_chars(body: object, prompt: Prompt) -> int | None:
    """What would have fitted, where the server says how much it counted (llama.cpp does)."""
    match body:
        case {"n_ctx": int(context), "n_prompt_tokens": int(tokens)} if (
            0 < tokens < MAX_TOKENS and context < MAX_TOKENS
        ):
            return fitting_chars(prompt, tokens=tokens, context=context)
    return None


def fitting_chars(prompt: Prompt, *, tokens: int, context: int) -> int:
    """How long a source of the same kind may be, when this prompt is `tokens` and the model takes `context`."""
    chars_per_token = (len(prompt.system) + len(prompt.user)) / tokens
    room = (context - prompt.max_tokens) * chars_per_token * _MARGIN - len(prompt.system)
    return max(int(room), 0)
