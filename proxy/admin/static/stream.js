/* Follows the event stream by fetch, because the token goes into a header, which EventSource cannot send. */

import { send } from "./api.js";

const QUIET = 45_000;
/* Milliseconds without a byte after which the connection counts as dead; a comment comes every 15 seconds. */
const LONGEST = 15_000;

/** Take server-sent events apart: feed it text, get whole messages. Source: the WHATWG's HTML standard, section 9.2.6. */
export class Parser {
  #rest = "";
  #message = {};

  *feed(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (this.#message.data !== undefined) yield this.#message;
        this.#message = {};
      } else if (!line.startsWith(":")) this.#take(line);
    }
  }

  #take(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#message.data = this.#message.data === undefined ? value : `${this.#message.data}\n${value}`;
    else if (name === "id" || name === "event") this.#message[name] = value;
  }
}

/**
 * Follow for ever. `before()` is awaited ahead of each attempt and gives the last sequence known; `record(sequence,
 * record)` gets each event, `state(word, error)` learns "live" or "lost". Ends only when `before` gives null.
 */
export async function follow({ before, record, state }) {
  let pause = 1000;
  for (;;) {
    try {
      const last = await before();
      if (last === null) return;
      await read(last, record, () => {
        pause = 1000;
        state("live");
      });
      state("lost");
    } catch (error) {
      state("lost", error);
    }
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, LONGEST);
  }
}

async function read(last, record, opened) {
  const ending = new AbortController();
  let watch = setTimeout(() => ending.abort(), QUIET);
  try {
    const path = `/api/events/stream?after=${encodeURIComponent(last)}`;
    const response = await send(path, { accept: "text/event-stream", signal: ending.signal });
    opened();
    const parser = new Parser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watch);
      watch = setTimeout(() => ending.abort(), QUIET);
      for (const message of parser.feed(value)) if (message.event === "record") record(Number(message.id), JSON.parse(message.data));
    }
  } finally {
    clearTimeout(watch);
  }
}
