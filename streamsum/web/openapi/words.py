"""What a person is told of each field; and of the request, what Pydantic's types do not say in JSON Schema."""

from typing import Any

_LEDGER = {
    "finish": "Why it ended: `complete` and `max_bullets` are whole, all others are cut short.",
    "truncated": "Whether the model had more to say.",
    "bullets": "How many bullets were sent.",
    "rejected": "How many elements were withheld, duplicates among them.",
    "duplicates": "How many were withheld for having been said before.",
    "repaired": "How many bullets came from asking again for what was withheld.",
    "passes": "The calls of models, in order.",
    "timing": "When what came.",
    "digest": "SHA-256 (hex) over the bullets' texts in UTF-8, each followed by a line feed.",
}
_BULLET = {
    "index": "0, 1, 2 … without gaps: what is withheld takes no index.",
    "text": "One line of plain text, written by a model: escape it before it becomes anything else.",
    "evidence": "The places in the source that support it.",
    "warnings": "Codes of what speaks against it, such as `unsupported_number`.",
    "item": "With an item model of the server's own: the whole item, as validated.",
}
_TYPE = "The event's name once more, for who reads only data."

FIELDS: dict[str, dict[str, str]] = {
    "SummaryRequest": {
        "text": "The source: what is to be summarised.",
        "max_bullets": "As many bullets as may pass.",
        "max_bullet_chars": "Longer elements are withheld.",
        "focus": "What the reader cares about.",
        "language": "BCP 47 tag of the bullets' language; null: the source's.",
        "evidence": "`attach`: find where each bullet comes from; `require`: withhold what nothing supports.",
        "preview": "Also send the open bullet as it grows (`bullet.delta`); not with `evidence: require`.",
        "stream": "false: answer with the whole summary, when it is over.",
        "on_disconnect": "What happens when nobody listens any more; `finish` is the default of `respond-async`.",
        "model": "One of `/v1/models`; null: the server's.",
    },
    "SummaryCreated": {
        "type": _TYPE,
        "id": "The summary's: 128 random bits. Without keys, whoever knows it may read the summary.",
        "model": "The model that is asked first.",
        "max_bullets": "As asked for.",
        "created_at": "RFC 3339, UTC.",
    },
    "Bullet": {"type": _TYPE, **_BULLET},
    "BulletReply": _BULLET,
    "BulletRejected": {"type": _TYPE, "reasons": "What was wrong with it."},
    "RejectionReply": {"reasons": "What was wrong with it."},
    "BulletDelta": {"type": _TYPE, "index": "Of the bullet that it may become.", "text": "All of it so far."},
    "SummaryCompleted": {"type": _TYPE, **_LEDGER},
    "SummaryFailed": {"type": _TYPE, "problem": "What went wrong.", "ledger": "The closing account."},
    "Ledger": _LEDGER,
    "Span": {
        "start": "Of its first character, in Unicode code points (in JavaScript: of `[...text]`).",
        "end": "Behind its last character.",
        "match": "A quote of the model's that stands there (`verbatim`, `close`), or what was found (`attributed`).",
        "score": "0 to 1.",
    },
    "Reason": {"code": "What, for programs.", "detail": "What, for people; never the element's text."},
    "PassReport": {
        "kind": "The first call, one that went on for another, or one for what was withheld.",
        "model": "Which model.",
        "finish_reason": "In the model's server's words.",
        "prompt_tokens": "As its server counted them.",
        "completion_tokens": "As its server counted them.",
    },
    "Timing": {
        "first_delta_ms": "The model's first content.",
        "first_bullet_ms": "The first bullet.",
        "total_ms": "The end.",
    },
    "SummaryReply": {
        "id": "The summary's.",
        "status": "`failed`: the bullets that are there stay valid.",
        "bullets": "So far.",
        "rejected": "So far.",
        "ledger": "The closing account; null while it runs.",
        "problem": "What went wrong; null if nothing did.",
    },
    "AcceptedReply": {
        "id": "The summary's.",
        "events_url": "Its events, with a ticket that opens nothing else: for an `EventSource`, which sends no header.",
    },
    "ModelsReply": {"models": "The default first."},
    "ModelReply": {
        "id": "What a request may name.",
        "default": "Whether it is the server's choice.",
        "context_tokens": "What fits into it; null: nobody said.",
        "max_chars": "As long as a text usually may be, with the default request.",
    },
    "StatusReply": {"status": "What it is."},
    "Problem": {
        "type": "RFC 9457: nothing more is to be had at an address.",
        "title": "The status's phrase.",
        "status": "As in the response's first line.",
        "detail": "For people.",
        "code": "For programs.",
        "errors": "With `invalid_request`: each thing that does not fit.",
        "max_chars": "With `context_too_long`: what would have fitted.",
        "retry_after": "Seconds, as in the header.",
    },
    "FieldError": {
        "loc": "Where: names of fields that this API has.",
        "code": "What, for programs.",
        "detail": "What, for people; never the value.",
    },
}

# What the validators ask for beyond the types (`core.models`, `core.refusals`). Characters that show nothing are more
# than a pattern can say.
REQUEST_RULES: dict[str, Any] = {
    "not": {
        "required": ["evidence", "preview"],
        "properties": {"evidence": {"const": "require"}, "preview": {"const": True}},
    },
}
REQUEST_PATTERNS = {
    "text": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
    "focus": r"^[^\u0000]*$",
    "language": r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$",
}
