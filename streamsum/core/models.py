"""The contract's request as a type, and the form of one element."""

import re
from typing import Annotated, Literal, TypedDict

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Evidence = Literal["off", "attach", "require"]
OnDisconnect = Literal["cancel", "grace", "finish"]

# RFC 5646 allows more; this is every tag that a person writes, and nothing that could be prose in a prompt.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
# Characters that show nothing (Unicode's Default_Ignorable_Code_Point, and the blanks that are letters by category).
_NOTHING_TO_SEE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]*"
)


def is_blank(text: str) -> bool:
    """Is there nothing in `text` that a reader could see?"""
    return _NOTHING_TO_SEE.fullmatch(text) is not None


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise PydanticCustomError("blank", "")
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "")
    return text


def _encodable(text: str) -> str:
    """A lone surrogate cannot be sent on: it has no UTF-8. Pydantic finds it only in JSON, not in a str."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("string_unicode", "") from None
    return text


def _language_tag(tag: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(tag):
        raise PydanticCustomError("language_tag", "")
    return tag


class SummaryRequest(BaseModel):
    """What a caller asks for: the body of `POST /v1/summaries`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    text: Annotated[str, AfterValidator(_not_blank), AfterValidator(_without_nul), AfterValidator(_encodable)]
    max_bullets: Annotated[int, Field(ge=1, le=50)] = 5
    max_bullet_chars: Annotated[int, Field(ge=20, le=1000)] = 280
    focus: Annotated[str, Field(max_length=500), AfterValidator(_without_nul), AfterValidator(_encodable)] | None = None
    language: Annotated[str, AfterValidator(_language_tag)] | None = None
    evidence: Evidence = "attach"
    preview: bool = False
    stream: bool = True
    on_disconnect: OnDisconnect = "grace"
    model: str | None = None

    def without_text(self) -> "SummaryRequest":
        """All the rest, for who keeps the text in a smaller form."""
        return self.model_copy(update={"text": ""})


class Options(TypedDict, total=False):
    """What may be asked for besides the text: fields of the request, with the same defaults, for keyword arguments."""

    max_bullets: int
    max_bullet_chars: int
    focus: str | None
    language: str | None
    evidence: Evidence
    preview: bool
    model: str | None


class Item(BaseModel):
    """One element of the array, as the built-in model of an item has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
