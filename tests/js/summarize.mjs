/**
 * Loop over a summary by streamsum.js and say what comes, a line of JSON each.
 *
 * Argument: `{"text", "options", "breakAfter"}`, the last a number of events. Standard input: `abort` or `cancel`.
 */

import { summarize } from "../../streamsum/web/static/streamsum.js";

const { text, options, breakAfter } = JSON.parse(process.argv[2]);
const say = (what) => console.log(JSON.stringify(what));
const controller = new AbortController();

try {
  const summary = summarize(text, {
    ...options,
    signal: controller.signal,
    onConnection: ({ state, attempt }) => say({ connection: state, attempt }),
  });
  const commands = { abort: () => controller.abort(), cancel: () => summary.cancel() };
  process.stdin.on("data", (command) => commands[`${command}`.trim()]()).unref();
  let heard = 0;
  for await (const event of summary) {
    say(event);
    heard += 1;
    if (heard === breakAfter) break;
  }
  say({ left: summary.id });
} catch (error) {
  const { name, message, status, code, retryAfter } = error;
  say({ thrown: name, message, status, code, retryAfter });
}
