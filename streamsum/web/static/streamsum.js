/**
 * streamsum.js: summaries whose bullets arrive one at a time. A client of streamsum's HTTP API in one file, without
 * dependencies, for browsers and for Node 20 or newer.
 *
 *     import { summarize } from "/static/streamsum.js";
 *
 *     for await (const event of summarize(text, { max_bullets: 3 })) {
 *       if (event.type === "bullet") list.append(event.text);
 *     }
 *
 * The events are those of the wire, as objects: `summary.created`, `bullet`, `bullet.rejected`, `bullet.delta` (with
 * `preview: true`), and at the end exactly one of `summary.completed` and `summary.failed`. A bullet is plain text that
 * a model wrote: show it by `textContent`, never by `innerHTML`.
 *
 * - Leaving the loop (`break`, an exception, an aborted `signal`) stops the model, but not with
 *   `on_disconnect: "finish"`, by which it goes on with nobody there. `summary.cancel()` stops it in any case, and
 *   lets the loop run on to its last event, whose `finish` is then `cancelled`.
 * - A connection that is lost is made again, with pauses that grow, and goes on after the last event that was received:
 *   nothing is lost, said twice, or paid for twice. `onConnection` hears of it. After `retries` tries in a row that
 *   brought nothing, the loop ends with a `ConnectionLost`.
 * - What the server refuses ends the loop with a `ProblemError` (RFC 9457): `status`, `code`, `message`, `retryAfter`.
 * - An answer that is not streamsum's (a login page, a redirect, events of another kind) ends it with a `NotStreamsum`.
 * - Evidence counts Unicode code points, JavaScript's strings count UTF-16 units: `utf16Offsets` converts.
 *
 *     const at = utf16Offsets(text);
 *     const quotes = bullet.evidence.map(({ start, end }) => text.slice(at(start), at(end)));
 */

/** The server that this file came from: it is `static/streamsum.js` there, wherever that is mounted. */
const HERE = new URL("..", import.meta.url);

const LAST_EVENTS = new Set(["summary.completed", "summary.failed"]);
// What stands before the server says so where it has no answer to hand on; what has none of our codes is such a one's.
const GATEWAY_STATUSES = new Set([502, 503, 504]);
const RETRIES = 5;
// The server says something every 15 s: after three times that the connection is dead, whatever TCP thinks.
const SILENCE_MS = 45_000;
// What an `EventSource` waits where nobody tells it; streamsum tells.
const RETRY_MS = 2000;
const LONGEST_RETRY_MS = 30_000;
// A server that is there answers a DELETE in a second, and whoever leaves does not wait for one that is not.
const CANCEL_MS = 5000;
// An event is a bullet of a thousand characters, or a ledger: a stream that has more in one is none of ours.
const MAX_EVENT_CHARS = 1 << 20;

/**
 * Summarise `text`. Nothing is sent before the loop over it begins, and there can be one loop only.
 *
 * @param {string} text
 * @param {object} [options] Fields of the request, by the API's names (`max_bullets`, `focus`, `language`, `evidence`,
 *   `preview`, `model` ...), and, beside them:
 * @param {string | URL} [options.baseUrl] where the API is; the server that this file came from
 * @param {string} [options.key] an API key
 * @param {AbortSignal} [options.signal] ends the loop with the signal's reason, as who leaves it
 * @param {string} [options.idempotencyKey] the same key with the same request joins the same summary; a random one
 * @param {number} [options.retries] tries in a row to make a lost connection again; 5
 * @param {number} [options.silenceMs] how long the server may say nothing before its connection counts as lost; 45 s
 * @param {number} [options.retryMs] the first pause before such a try, in milliseconds; what the server asks for
 * @param {(change: ConnectionChange) => void} [options.onConnection] hears of connections that are lost and made again
 * @returns {Summary}
 */
export function summarize(text, options = {}) {
  return new Summary(text, options);
}

/** What `onConnection` hears; `delayMs` until the next try, `attempt` of `retries`, are there when it is lost. */
/** @typedef {{ state: "lost" | "back", attempt?: number, retries?: number, delayMs?: number }} ConnectionChange */

/** A summary, to be looped over once: `for await (const event of summary)`. */
export class Summary {
  /** The summary's id, once the server has told it. @type {string | null} */
  id = null;

  #api;
  #body;
  #idempotencyKey;
  #signal;
  #retries;
  #retryMs;
  #silenceMs;
  #onConnection;
  #lastEventId = "";
  #begun = false;
  #over = false;
  #unheard = false; // a `cancel()` failed, and nothing has come since
  #outlivesLoop; // it was asked to be finished with nobody there

  constructor(text, options = {}) {
    const { baseUrl, key, signal, idempotencyKey, retries, retryMs, silenceMs, onConnection, ...fields } = options;
    this.#api = new Api(baseUrl ?? HERE, key);
    // Said, as its default changes with the way of asking: `cancel()` may ask for the same summary in another way.
    this.#body = JSON.stringify({ on_disconnect: "grace", ...fields, text, stream: true });
    this.#outlivesLoop = fields.on_disconnect === "finish";
    this.#idempotencyKey = idempotencyKey ?? randomKey();
    this.#signal = signal;
    this.#retries = retries ?? RETRIES;
    this.#retryMs = retryMs;
    this.#silenceMs = silenceMs ?? SILENCE_MS;
    this.#onConnection = onConnection ?? (() => {});
  }

  async *[Symbol.asyncIterator]() {
    if (this.#begun) throw new Error("a summary can be looped over once");
    this.#signal?.throwIfAborted();
    this.#begun = true;
    let attempt = 0;
    try {
      for (;;) {
        let pauseMs = 0;
        try {
          for await (const event of this.#connection(attempt)) {
            if (attempt > 0) this.#onConnection({ state: "back" });
            attempt = 0;
            yield event;
          }
          if (this.#over) return;
        } catch (error) {
          if (!(error instanceof Cut)) throw error;
          pauseMs = error.pauseMs;
        }
        attempt += 1;
        await this.#pause(attempt, pauseMs);
      }
    } finally {
      // Whatever ends the loop, nobody is told twice, and a server that does not answer is not waited for twice.
      if (!this.#over && !this.#unheard && !this.#outlivesLoop) await this.cancel().catch(() => {});
    }
  }

  /**
   * Stop the model. The loop goes on, to its last event: `summary.completed`, with `finish: "cancelled"`.
   * Rejects with ProblemError, NotStreamsum or ConnectionLost; a summary that is over, or gone, is nothing to stop.
   */
  async cancel() {
    if (!this.#begun || this.#over) return;
    try {
      const id = this.id ?? (await this.#join());
      await this.#api.fetch(`v1/summaries/${id}`, { method: "DELETE", signal: AbortSignal.timeout(CANCEL_MS) });
    } catch (error) {
      if (error instanceof ProblemError && error.status === 404) return;
      this.#unheard = true;
      throw error instanceof Cut ? new ConnectionLost() : error;
    }
  }

  /** One connection's events. Throws Cut for what another connection may mend; ends early when the stream is cut. */
  async *#connection(attempt) {
    const patience = new Patience(this.#silenceMs, this.#signal);
    try {
      const response = await patience.during(this.#connect(patience.signal, attempt));
      if (response.status === 204) this.#over = true; // the last event was received already
      else yield* this.#events(reads(response.body, patience, this.#signal));
    } finally {
      patience.end();
    }
  }

  async *#events(stream) {
    const parser = new EventStreamParser(this.#lastEventId);
    for await (const bytes of stream) {
      for (const { data, lastEventId } of parser.feed(bytes)) {
        const event = parsed(data);
        if (event.type === "summary.created") this.id = event.id; // `Location` is not shown to pages of other origins
        this.#lastEventId = lastEventId;
        this.#unheard = false;
        this.#over = LAST_EVENTS.has(event.type);
        yield event;
        if (this.#over) return;
      }
      this.#retryMs ??= parser.retryMs;
    }
  }

  async #connect(signal, attempt) {
    const known = this.id !== null;
    try {
      const response = await (known ? this.#resume(signal) : this.#start(signal));
      expectStream(response);
      this.id ??= response.headers.get("Location")?.split("/").at(-1) ?? null;
      return response;
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof Cut) throw error;
      if (error instanceof ProblemError && isPassing(error, { known, attempt })) throw new Cut(error.retryAfter);
      this.#over = attempt === 0; // refused at once, there is nothing to stop
      throw error;
    }
  }

  #start(signal, headers = {}) {
    return this.#api.fetch("v1/summaries", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": this.#idempotencyKey, ...headers },
      body: this.#body,
      signal,
    });
  }

  #resume(signal) {
    const headers = this.#lastEventId ? { "Last-Event-ID": this.#lastEventId } : {};
    return this.#api.fetch(`v1/summaries/${this.id}/events`, { headers, signal });
  }

  /** The id of a summary that has not answered yet: the same request joins it, and waits for nothing. */
  async #join() {
    const response = await this.#start(AbortSignal.timeout(CANCEL_MS), { Prefer: "respond-async" });
    const { id } = parsed(await response.text().catch(cut));
    if (typeof id !== "string") throw new NotStreamsum();
    this.id ??= id;
    return this.id;
  }

  async #pause(attempt, pauseMs) {
    if (attempt > this.#retries) throw new ConnectionLost();
    const growing = (this.#retryMs ?? RETRY_MS) * 2 ** (attempt - 1) * (1 + Math.random() / 4); // not all at once
    const delayMs = Math.max(pauseMs, Math.min(growing, LONGEST_RETRY_MS));
    this.#onConnection({ state: "lost", attempt, retries: this.#retries, delayMs });
    await sleep(delayMs, this.#signal);
  }
}

/** The server refused: the problem (RFC 9457) that it answered. */
export class ProblemError extends Error {
  name = "ProblemError";

  /** `problem` as it came; a response of something that is not streamsum has none. */
  constructor(problem, response) {
    super(problem.detail ?? problem.title ?? (response.statusText || `HTTP status ${response.status}`));
    this.problem = problem;
    this.status = response.status;
    /** One of the API's words, such as `unauthenticated`. @type {string | null} */
    this.code = problem.code ?? null;
    /** Seconds to wait before another try. @type {number | null} */
    this.retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10) || null;
    this.requestId = response.headers.get("X-Request-ID");
  }
}

/** The server could not be reached, or the stream was cut for good. */
export class ConnectionLost extends Error {
  name = "ConnectionLost";

  constructor() {
    super("the connection to the server was lost");
  }
}

/** What answered is not streamsum, or something in between spoke for it. */
export class NotStreamsum extends Error {
  name = "NotStreamsum";

  constructor() {
    super("what answered is not streamsum");
  }
}

/**
 * Code points -> UTF-16: a function that turns an offset of the API's into one of JavaScript's, for this `text`.
 *
 * @param {string} text the source, as it was sent
 * @returns {(offset: number) => number}
 */
export function utf16Offsets(text) {
  // Where, in code points, the characters are that take two units each: as a rule there are few.
  const pairs = Array.from(text.matchAll(/[\u{10000}-\u{10ffff}]/gu), ({ index }, before) => index - before);
  return (offset) => {
    let [low, high] = [0, pairs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[middle] < offset) low = middle + 1;
      else high = middle;
    }
    return offset + low;
  };
}

/**
 * Bytes of an event stream, cut anywhere -> its events.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventStreamParser {
  /** What the server asks to wait before a new connection, in milliseconds. @type {number | undefined} */
  retryMs = undefined;
  /** Of the last event. */
  lastEventId;

  #decoder = new TextDecoder(); // takes off one byte order mark, at the start
  #open = ""; // the line that has not ended yet
  #skipLf = false; // the last read ended in CR: an LF now would belong to it
  #id;
  #event = "";
  #data = "";

  /** @param {string} [lastEventId] where the connection before this one ended: an event without an id stands there */
  constructor(lastEventId = "") {
    this.lastEventId = this.#id = lastEventId;
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {{ event: string, data: string, lastEventId: string }[]} the events that end in them
   */
  feed(bytes) {
    const events = [];
    for (const line of this.#lines(this.#decoder.decode(bytes, { stream: true }))) {
      if (line) this.#take(line);
      else this.#dispatch(events);
    }
    if (Math.max(this.#open.length, this.#data.length) > MAX_EVENT_CHARS) throw new NotStreamsum();
    return events;
  }

  #lines(text) {
    if (!text) return [];
    const rest = this.#skipLf && text.startsWith("\n") ? text.slice(1) : text;
    this.#skipLf = text.endsWith("\r");
    const lines = rest.split(/\r\n|\r|\n/);
    lines[0] = this.#open + lines[0];
    this.#open = lines.pop();
    return lines;
  }

  #take(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon); // empty for a comment
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") this.#data += `${value}\n`;
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
  }

  #dispatch(events) {
    this.lastEventId = this.#id;
    if (this.#data) {
      events.push({ event: this.#event || "message", data: this.#data.slice(0, -1), lastEventId: this.#id });
    }
    this.#event = this.#data = "";
  }
}

/** The connection did not come about, or broke; another may. */
class Cut extends Error {
  constructor(retryAfter = null) {
    super();
    this.pauseMs = (retryAfter ?? 0) * 1000;
  }
}

/** Requests to one server. */
class Api {
  #base;
  #headers;

  constructor(baseUrl, key) {
    this.#base = new URL(`${baseUrl}`.replace(/\/*$/, "/"), globalThis.location?.href);
    if (!/^https?:$/.test(this.#base.protocol)) throw new TypeError("`baseUrl` is needed: this file is from no server");
    this.#headers = new Headers(key ? { Authorization: `Bearer ${key}` } : {});
  }

  /** A response that is a success. Throws ProblemError, NotStreamsum; Cut where there is none, as no page is told why. */
  async fetch(path, { headers = {}, ...request }) {
    const sent = new Headers([...this.#headers, ...Object.entries(headers)]);
    // None of its answers is a redirect, and a key and a text go to nobody else. "error" could not be told from a cut.
    const fixed = { cache: "no-store", redirect: "manual" };
    const response = await fetch(new URL(path, this.#base), { ...fixed, ...request, headers: sent }).catch(cut);
    if (response.ok) return response;
    if (response.type === "opaqueredirect" || response.status < 400) throw new NotStreamsum();
    throw new ProblemError((await response.json().catch(() => null)) ?? {}, response);
  }
}

/** A connection's: `signal` is aborted with the caller's, or when the server is waited for too long. */
class Patience {
  #controller = new AbortController();
  #silenceMs;

  constructor(silenceMs, signal) {
    this.#silenceMs = silenceMs;
    this.signal = AbortSignal.any([this.#controller.signal, ...(signal ? [signal] : [])]);
  }

  /** Wait for the server; the time that the loop's owner takes between two events is not the server's. */
  async during(answer) {
    const timer = setTimeout(() => this.end(), this.#silenceMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Close what is still open. */
  end() {
    this.#controller.abort();
  }
}

/** A refusal that may be another one's soon: of a resume, of a start that was cut before, or a gateway's own. */
function isPassing({ status, code, retryAfter }, { known, attempt }) {
  if (retryAfter * 1000 > LONGEST_RETRY_MS) return false; // nobody is made to wait for hours: told so, they may
  if (code === null && GATEWAY_STATUSES.has(status)) return true;
  return known ? status === 429 || status >= 500 : attempt > 0 && (status === 429 || status === 503);
}

function cut() {
  throw new Cut();
}

/** A login page that somebody puts before the server is a success, too. Throws NotStreamsum. */
function expectStream({ status, headers }) {
  const type = headers.get("Content-Type")?.split(";")[0].trim().toLowerCase();
  if (status !== 204 && type !== "text/event-stream") throw new NotStreamsum();
}

/** An object. Throws NotStreamsum. */
function parsed(json) {
  try {
    const value = JSON.parse(json);
    if (value !== null && typeof value === "object") return value;
  } catch {
    // is none, as other values are
  }
  throw new NotStreamsum();
}

async function* reads(body, patience, signal) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await patience.during(reader.read()).catch(() => {
      signal?.throwIfAborted();
      throw new Cut();
    });
    if (done) return;
    yield value;
  }
}

function sleep(delayMs, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, delayMs);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** 128 random bits; `crypto.randomUUID` is not there on a page that came without TLS. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
