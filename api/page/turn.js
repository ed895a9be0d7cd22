/** One message and its answer, read to the end whatever the connection does. */

import { Lost, Problem, ask } from "./http.js";
import { events } from "./stream.js";

/** Milliseconds before the first, second … try to come back. */
const PAUSES = [300, 1000, 2000, 4000, 5000];

/** @typedef {{message: string, conversation_id: string, employee?: string}} Message */
/** @typedef {import("../contract.js").Told | {event: "lost", data: null}} Happened one of the server's events, or `lost` */

/**
 * Send a message. The key makes it safe to send again when nobody knows whether it has arrived.
 * @param {Message} message
 * @param {string} key
 * @param {AbortSignal} signal ends the reading, not the turn
 * @returns {AsyncGenerator<Happened>}
 * @throws {Problem} it was refused
 */
export async function* send(message, key, signal) {
  for (let tries = 0; ; tries += 1) {
    let response;
    try {
      const headers = { Accept: "text/event-stream", "Idempotency-Key": key };
      response = await ask("/chat", { method: "POST", body: message, headers, signal });
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      yield { event: "lost", data: null };
      await pause(PAUSES[Math.min(tries, PAUSES.length - 1)], signal);
      continue;
    }
    yield* follow(/** @type {string} */ (response.headers.get("X-Turn-Id")), signal, response);
    return;
  }
}

/**
 * A turn's events to the last, from the first one on, or on with a response that has begun.
 * @param {string} turnId
 * @param {AbortSignal} signal
 * @param {Response | null} [begun]
 * @returns {AsyncGenerator<Happened>}
 * @throws {Problem} there is no such turn any more
 */
export async function* follow(turnId, signal, begun = null) {
  let last = 0;
  let tries = 0;
  let wish = null;
  for (let response = begun; ; response = null) {
    try {
      response ??= await ask(`/turns/${turnId}/events`, { headers: { "Last-Event-ID": String(last) }, signal });
      for await (const told of events(response)) {
        wish = told.retry ?? wish;
        if (!told.id || told.id <= last) continue;
        last = told.id;
        tries = 0;
        yield /** @type {Happened} */ (told);
        if (told.event === "done" || told.event === "error") return;
      }
    } catch (error) {
      if (signal.aborted || (!(error instanceof Lost) && !(error instanceof Problem && error.status >= 500))) throw error;
    }
    yield { event: "lost", data: null };
    await pause(wish ?? PAUSES[Math.min(tries, PAUSES.length - 1)], signal);
    wish = null;
    tries += 1;
  }
}

/**
 * Wait, but not longer than until the network is back.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      if (signal.aborted) reject(signal.reason);
      else resolve(null);
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end);
    signal.addEventListener("abort", end, { once: true });
  });
}
