/**
 * Summarise a file from Node, by streamsum.js:
 *
 *     node examples/node.mjs http://127.0.0.1:8080 examples/lighthouse.txt
 *
 * In a project of your own, take the client from the server itself: it is at /static/streamsum.js. STREAMSUM_KEY is the
 * server's key, where it wants one. Ctrl-C stops the model.
 */

import { readFile } from "node:fs/promises";

import { summarize, utf16Offsets } from "../streamsum/web/static/streamsum.js";

const [baseUrl, file] = process.argv.slice(2);
const text = await readFile(file, "utf-8");
const at = utf16Offsets(text);
const stopped = new AbortController();
process.once("SIGINT", () => stopped.abort());

const summary = summarize(text, {
  max_bullets: 3,
  baseUrl,
  key: process.env.STREAMSUM_KEY,
  signal: stopped.signal,
  onConnection: ({ state }) => console.error(state === "lost" ? "connection lost: trying again ..." : "back again"),
});

for await (const event of summary) {
  switch (event.type) {
    case "bullet":
      console.log(`- ${event.text}`);
      for (const { start, end } of event.evidence) console.log(`    “${text.slice(at(start), at(end))}”`);
      break;
    case "summary.completed":
      console.log(`${event.finish}: ${event.bullets} bullet${event.bullets === 1 ? "" : "s"}`);
      break;
    case "summary.failed":
      console.error(event.problem.detail);
      process.exitCode = 1;
      break;
  }
}
