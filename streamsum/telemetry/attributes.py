"""What a span may say: these names and no others, and none of them is for a text.

Names that begin with `gen_ai.` are of OpenTelemetry's conventions for generative AI, as of 2026 kept by themselves and
in development (https://github.com/open-telemetry/semantic-conventions-genai); `http.`, `url.` and `error.` are of the
stable ones (https://opentelemetry.io/docs/specs/semconv/http/http-spans/); the rest are ours.
"""

# Of a call, a CLIENT span `chat {model}`; and of a summary, an INTERNAL one `invoke_workflow summarize`.
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
STREAM = "gen_ai.request.stream"
OUTPUT_TYPE = "gen_ai.output.type"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"  # seconds
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
WORKFLOW = "gen_ai.workflow.name"

# Of a request, a SERVER span `{method} {route}`. Its path and query are not told: a query may be the text.
METHOD = "http.request.method"
ROUTE = "http.route"
STATUS = "http.response.status_code"
SCHEME = "url.scheme"

ERROR = "error.type"

SUMMARY = "streamsum.summary.id"
FINISH = "streamsum.finish"
BULLETS = "streamsum.bullets"
REJECTED = "streamsum.rejected"
PASSES = "streamsum.passes"
KIND = "streamsum.pass.kind"
UPSTREAM = "streamsum.upstream"
REQUEST_ID = "streamsum.request_id"

KNOWN = frozenset(value for name, value in vars().items() if name.isupper())
