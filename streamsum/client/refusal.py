"""What came back, where it is no event stream -> what it says, or the error that it is."""

from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from streamsum.client.errors import ClientError, NotStreamsum, Refused
from streamsum.errors import Problem

# A problem has a few hundred; of a page by whoever stands in between nothing is read but its status.
MAX_PROBLEM_BYTES = 64 * 1024

# More is no time that anybody waits, and `int` refuses what is endless.
_MAX_DIGITS = 9

Reply = TypeVar("Reply", bound=BaseModel)


def refusal_of(response: httpx2.Response, body: bytes) -> ClientError:
    """A `Refused` for a problem of ours; else NotStreamsum, in our words: nothing of a stranger's page is repeated."""
    status = response.status_code
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        problem = None
    if problem is not None and problem.status == status:
        return Refused.of(problem, retry_after=retry_after_of(response))
    if response.is_redirect:
        return NotStreamsum(f"the server answers with a redirect ({status}): use the URL that it points to")
    return NotStreamsum(
        f"no streamsum answers here: the status is {status}, and the body is neither events nor a problem"
    )


def succeeded(response: httpx2.Response) -> httpx2.Response:
    """The same, read to its end, where it went well. Raises Refused, NotStreamsum."""
    if not response.is_success:
        raise refusal_of(response, response.content)
    return response


def retry_after_of(response: httpx2.Response) -> float | None:
    """Seconds, where the server gives them; a date is left to whoever sends it."""
    value = response.headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS else None


def read(model: type[Reply], response: httpx2.Response) -> Reply:
    """The body of an answer that went well. Raises NotStreamsum."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError:
        raise NotStreamsum("the answer is none of ours") from None


def why(error: httpx2.RequestError | None) -> str:
    """What happened to a connection, in our words; None: it ended in good order, and too soon."""
    match error:
        case None:
            return "the stream ended without a last event"
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            return "no connection could be made"
        case httpx2.TimeoutException():
            return "nothing was heard for too long"
        case httpx2.DecodingError():  # we ask for no compression of a stream: a proxy did it all the same
            return "what came is compressed, and cannot be read"
        case _:
            return "the connection was cut"
