/** Standard input: a line of JSON for each stream, `{"stream": base64, "size": bytes a read}`. Output: its events. */

import { createInterface } from "node:readline";

import { createParser } from "eventsource-parser";

import { EventStreamParser } from "../../streamsum/web/static/streamsum.js";

function* reads(bytes, size) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** As npm's parser reads it: of characters, and the last event id is kept by who uses it. */
function theirs(bytes, size) {
  const events = [];
  let lastEventId = "";
  const parser = createParser({
    onId: (id) => (lastEventId = id),
    onEvent: ({ event, data }) => events.push([event ?? "message", data, lastEventId]),
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // the parser takes it off itself
  for (const read of reads(bytes, size)) parser.feed(decoder.decode(read, { stream: true }));
  return events;
}

/** As streamsum.js reads it. */
function ours(bytes, size) {
  const parser = new EventStreamParser();
  const events = Array.from(reads(bytes, size), (read) => parser.feed(read)).flat();
  return events.map(({ event, data, lastEventId }) => [event, data, lastEventId]);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { stream, size } = JSON.parse(line);
  const bytes = Buffer.from(stream, "base64");
  console.log(JSON.stringify({ theirs: theirs(bytes, size), ours: ours(bytes, size) }));
}
