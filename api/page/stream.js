/** Server-sent events, read from a response: unlike EventSource this can send a message, and a token. */

import { Lost } from "./http.js";

/** Milliseconds of silence after which a connection is taken for dead: the server gives a sign of life every 15 s. */
const SILENCE = 40_000;

/** @typedef {{id: number, event: string, data: unknown, retry: number | null}} Told */

/**
 * The events as they come; `retry` is what the server last wished.
 * @param {Response} response
 * @returns {AsyncGenerator<Told>}
 * @throws {Lost} the connection broke or died
 */
export async function* events(response) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = /** @type {string} */ (parts.pop());
      for (const part of parts) {
        const told = read(part);
        if (told) yield told;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<T>}
 */
async function inTime(reading) {
  let timer = 0;
  const silence = new Promise((_, reject) => { timer = setTimeout(() => reject(new Lost("silence")), SILENCE); });
  try {
    return /** @type {T} */ (await Promise.race([reading, silence]));
  } catch (error) {
    throw /** @type {Error} */ (error).name === "AbortError" ? error : new Lost("The connection broke.");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} part
 * @returns {Told | null}
 */
function read(part) {
  /** @type {Told} */
  const told = { id: 0, event: "message", data: null, retry: null };
  /** @type {string[]} */
  const data = [];
  for (const line of part.split(/\r?\n/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "id") told.id = Number(value);
    if (name === "event") told.event = value;
    if (name === "data") data.push(value);
    if (name === "retry") told.retry = Number(value);
  }
  if (data.length) told.data = JSON.parse(data.join("\n"));
  return data.length || told.retry !== null ? told : null;
}
