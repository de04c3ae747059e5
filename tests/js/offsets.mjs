/** Standard input: a line of JSON for each text. Output: where each of its code points begins, and where it ends. */

import { createInterface } from "node:readline";

import { utf16Offsets } from "../../streamsum/web/static/streamsum.js";

for await (const line of createInterface({ input: process.stdin })) {
  const text = JSON.parse(line);
  const at = utf16Offsets(text);
  console.log(JSON.stringify(Array.from({ length: [...text].length + 1 }, (_, offset) => at(offset))));
}
