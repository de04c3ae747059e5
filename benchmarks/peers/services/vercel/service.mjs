// Vercel's AI SDK: `streamText` with `Output.array`, and its `elementStream`.
//
// Documentation: AI SDK Core, "Generating Structured Data", Output.array(): each element of `elementStream` is complete
// and validated. The array's key is the SDK's own: `elements`.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createOpenAI } from '@ai-sdk/openai';
import { Output, streamText } from 'ai';
import { z } from 'zod';

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });
const bullet = z.object({ text: z.string() });

const server = createServer(async (request, response) => {
  const question = JSON.parse(await text(request));
  const { elementStream } = streamText({
    model: openai.chat('gpt-4o-mini'),
    instructions: `Summarise in ${question.max_bullets} bullets.`,
    prompt: question.text,
    output: Output.array({ element: bullet }),
  });
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for await (const item of elementStream) {
    response.write(`data: ${JSON.stringify({ type: 'bullet', text: item.text })}\n\n`);
  }
  response.end();
});

server.listen(Number(process.env.PORT), '127.0.0.1');
