/**
 * Loop over summaries by streamsum.js, one after the other, and say what comes, a line of JSON each.
 *
 * Arguments: of each `{"text", "options", "breakAfter"}`, the last a number of events. Standard input: `abort` or `cancel`.
 */

import { summarize } from "../../streamsum/web/static/streamsum.js";

const say = (what) => console.log(JSON.stringify(what));
let commands = {};
process.stdin.on("data", (command) => commands[`${command}`.trim()]()).unref();

async function loop({ text, options, breakAfter }) {
  const controller = new AbortController();
  const summary = summarize(text, {
    ...options,
    signal: controller.signal,
    onConnection: ({ state, attempt }) => say({ connection: state, attempt }),
  });
  commands = { abort: () => controller.abort(), cancel: () => summary.cancel() };
  let heard = 0;
  for await (const event of summary) {
    say(event);
    heard += 1;
    if (heard === breakAfter) break;
  }
  say({ left: summary.id });
}

for (const given of process.argv.slice(2)) {
  try {
    await loop(JSON.parse(given));
  } catch (error) {
    const { name, message, status, code, retryAfter } = error;
    say({ thrown: name, message, status, code, retryAfter });
  }
}
