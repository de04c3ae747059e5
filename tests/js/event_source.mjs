/** Follow the URL that is the argument by npm's EventSource, and say what comes, a line of JSON each, to the end. */

import { EventSource } from "eventsource";

const NAMES = ["summary.created", "bullet", "bullet.rejected", "bullet.delta", "summary.completed", "summary.failed"];

// Its pauses are the server's `retry: 2000`: nobody has to wait for them here.
const { setTimeout } = globalThis;
globalThis.setTimeout = (call, ms, ...rest) => setTimeout(call, ms / 20, ...rest);

const source = new EventSource(process.argv[2]);
// While it waits to connect again it does not keep its process alive.
const awake = setInterval(() => {}, 1000);
for (const name of NAMES) {
  source.addEventListener(name, ({ data, lastEventId }) => {
    console.log(JSON.stringify({ event: name, id: lastEventId, data: JSON.parse(data) }));
  });
}
source.addEventListener("error", ({ code }) => {
  const isClosed = source.readyState === EventSource.CLOSED;
  console.log(JSON.stringify(isClosed ? { closed: code ?? null } : { again: true }));
  if (isClosed) clearInterval(awake);
});
