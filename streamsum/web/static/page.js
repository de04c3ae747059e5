/**
 * The page: a text goes in, its bullets come out. It uses the public API, by way of streamsum.js, and nothing else; and
 * what comes from a model or a server goes into the page as text, never as markup.
 */

import { Reading } from "./reading.js";
import { Sheet, markdownOf } from "./sheet.js";
import { ConnectionLost, NotStreamsum, ProblemError, summarize } from "./streamsum.js";

const UNAUTHENTICATED = 401;
// Twice what a server takes where nobody set it otherwise: it says itself what is too large, but not after gigabytes.
const MAX_FILE_BYTES = 2 << 20;

// How a summary ended that is not all that there was to say; the others are `complete`.
const ENDINGS = {
  cancelled: "Stopped.",
  loop: "The model began to repeat itself.",
  length: "The model ran out of tokens.",
  content_filter: "A content filter cut the model short.",
  limit: "The model ran over a limit.",
  malformed: "The end of the model’s answer was broken.",
};

const $ = (id) => document.getElementById(id);
const [text, status] = [$("text"), $("status")];
const reading = new Reading($("reading"));
const sheet = new Sheet({ list: $("bullets"), preview: $("preview"), onLook: look });

let key; // as long as this page is open, and nowhere else
let running = null; // { summary, abort }, from the question to the end

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running === null) run();
});
$("stop").addEventListener("click", stop);
$("edit").addEventListener("click", write);
$("copy").addEventListener("click", copy);
$("key-cancel").addEventListener("click", () => $("key").close(""));
$("file").addEventListener("change", ({ target }) => {
  if (target.files.length) read(target.files[0]);
  target.value = ""; // the same file again is a change, too
});
text.addEventListener("input", measure);
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) addEventListener(name, drag);
measure();

/** Ask, and follow to the end; ask again where a key was missing. */
async function run() {
  begin();
  try {
    while (await isRefused()) begin();
  } finally {
    running = null;
    arrange("over");
  }
}

/** True: the server wanted a key, and now there is one. */
async function isRefused() {
  try {
    await follow();
  } catch (error) {
    // Once it runs, to ask again would be another summary, paid for again, and what came would be gone.
    if (wantsKey(error) && running.summary.id === null && (await askForKey())) return true;
    say(words(error), { trouble: true });
  }
  return false;
}

function wantsKey(error) {
  return error instanceof ProblemError && error.status === UNAUTHENTICATED;
}

async function follow() {
  const since = performance.now();
  const { signal } = running.abort;
  running.summary = summarize(text.value, { ...wishes(), key, signal, onConnection: tellConnection });
  for await (const event of running.summary) show(event, (performance.now() - since) / 1000);
}

function wishes() {
  const wished = { max_bullets: $("max-bullets").valueAsNumber, preview: true };
  for (const name of ["focus", "language"]) {
    if ($(name).value.trim()) wished[name] = $(name).value.trim();
  }
  return wished;
}

/** One event, so many seconds after the question. */
function show(event, seconds) {
  switch (event.type) {
    case "summary.created":
      $("done").max = event.max_bullets;
      count();
      break;
    case "bullet.delta":
      $("waiting").hidden = true;
      sheet.show(event);
      break;
    case "bullet":
      if (event.index === 0) $("first").textContent = `first after ${time(seconds)}`;
      sheet.add(event, reading.add(event.index, event.evidence));
      count();
      break;
    case "bullet.rejected":
      sheet.reject(event.reasons);
      count();
      break;
    case "summary.completed":
      say(`${ENDINGS[event.finish] ?? "Done."} ${bullets(event.bullets)} in ${time(seconds)}.`);
      break;
    case "summary.failed":
      say(`${event.problem.detail}${event.ledger.bullets ? " The bullets above hold." : ""}`, { trouble: true });
      break;
  }
}

function tellConnection({ state, attempt, retries }) {
  if (state === "back") say("Connected again: it goes on where it was.");
  else say(`The connection was lost. Trying again (${attempt} of ${retries}) …`);
}

function words(error) {
  if (running.abort.signal.aborted) return "The server did not answer; it stops when nobody listens.";
  if (error instanceof ConnectionLost) return "The server cannot be reached.";
  if (error instanceof NotStreamsum) return "Something else answered in the server’s place.";
  if (!(error instanceof ProblemError)) return "Something broke in this page.";
  if (wantsKey(error) && running.summary.id !== null) return "The server does not take this key any more.";
  if (wantsKey(error)) return "This server wants a key.";
  const wait = error.retryAfter ? ` Try again in ${error.retryAfter} s.` : "";
  const fields = (error.problem.errors ?? []).map(({ loc, detail }) => `${loc.join(".")}: ${detail}`);
  return [error.message, ...fields].join(" ") + wait;
}

/** Stop the model; where the server does not answer, at least stop to wait. */
async function stop() {
  const { summary, abort } = running;
  say("Stopping …");
  $("stop").disabled = true;
  await summary.cancel().catch(() => abort.abort());
}

async function askForKey() {
  const dialog = $("key");
  $("key-note").textContent = key === undefined ? "" : "It did not take that one.";
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue === "use") key = $("key-value").value.trim();
  $("key-value").value = "";
  return dialog.returnValue === "use";
}

function begin() {
  running = { summary: null, abort: new AbortController() };
  sheet.clear();
  reading.show(text.value);
  $("empty").hidden = true;
  $("count").hidden = $("done").hidden = false;
  $("first").textContent = "";
  $("done").max = $("max-bullets").valueAsNumber;
  count();
  say("");
  arrange("running");
}

function write() {
  arrange("writing");
  text.focus();
}

/** What is to be seen, and where the focus goes when it was on what goes. */
function arrange(state) {
  const [isWriting, isRunning] = [state === "writing", state === "running"];
  const hadFocus = [$("go"), $("stop")].includes(document.activeElement);
  document.body.classList.toggle("read", !isWriting);
  text.hidden = $("pick").hidden = !isWriting;
  $("reading").hidden = isWriting;
  $("edit").hidden = state !== "over";
  $("copy").hidden = isRunning || !sheet.texts.length;
  $("waiting").hidden = !isRunning;
  $("go").hidden = isRunning;
  $("go").textContent = isWriting ? "Summarise" : "Try again";
  $("stop").hidden = !isRunning;
  $("stop").disabled = false;
  if (!isRunning) sheet.show(null);
  if (hadFocus) $(isRunning ? "stop" : "go").focus();
}

function look(index) {
  sheet.look(index);
  reading.look(index);
}

function count() {
  $("done").value = sheet.texts.length;
  $("count").textContent = `${sheet.texts.length} of ${$("done").max}`;
  $("waiting").hidden = sheet.texts.length === $("done").max;
}

function measure() {
  const size = text.value.length;
  $("size").textContent = size ? `${size.toLocaleString("en")} characters` : "";
}

function bullets(number) {
  return number === 1 ? "One bullet" : `${number || "No"} bullets`;
}

function time(seconds) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function say(what, { trouble = false } = {}) {
  status.textContent = what;
  status.classList.toggle("trouble", trouble);
}

/** A file over the page: it goes into the text, wherever it is dropped. */
function drag(event) {
  if (running !== null || !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  $("source").classList.toggle("dropping", event.type === "dragenter" || event.type === "dragover");
  if (event.type === "drop") read(event.dataTransfer.files[0]);
}

async function read(file) {
  try {
    if (file.size > MAX_FILE_BYTES) throw new RangeError("That file is too large.");
    const decoder = new TextDecoder("utf-8", { fatal: true });
    text.value = decoder.decode(await file.arrayBuffer());
  } catch (error) {
    say(error instanceof RangeError ? error.message : "That file is not a text in UTF-8.", { trouble: true });
    return;
  }
  say("");
  measure();
  write();
}

async function copy() {
  const markdown = markdownOf(sheet.texts);
  const isCopied = await navigator.clipboard?.writeText(markdown).then(
    () => true,
    () => false,
  );
  say(isCopied || copyByHand(markdown) ? "Copied." : "This browser does not let a page copy.");
}

/** Without TLS, and from another machine, there is no `navigator.clipboard`. */
function copyByHand(markdown) {
  const field = document.createElement("textarea");
  field.value = markdown;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  $("copy").focus();
  return isCopied;
}
