/** One message and its answer, read to the end whatever the connection does. */

import { Lost, Problem, Silent, ask } from "./http.js";
import { events } from "./stream.js";

/** Milliseconds before the first, second … try to come back. */
const PAUSES = [300, 1000, 2000, 4000, 5000];

/** Milliseconds after which it is said that an answer does not begin, … */
const SLOW = 2500;

/** … and after which it is asked for once more: the connection may be dead, or others be answered first. */
const BEGINS = 10_000;

/** @typedef {{employee?: string, instead_of?: string}} Choice who is to answer, and the turn that the wrong one answered */
/** @typedef {{message: string, conversation_id: string} & Choice} Message */
/** @typedef {import("../contract.js").Told | {event: "lost" | "slow", data: null}} Happened one of the server's events, or `lost`, or `slow` */

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
    const headers = { Accept: "text/event-stream", "Idempotency-Key": key };
    const asked = ask("/chat", { method: "POST", body: message, headers, signal, within: BEGINS });
    let response;
    try {
      if (!await Promise.race([asked, later(SLOW)])) yield { event: "slow", data: null };
      response = await asked;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      if (error instanceof Silent) continue; // the same key finds the same turn
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
 * @param {number} ms
 * @returns {Promise<null>}
 */
function later(ms) {
  return new Promise((resolve) => { setTimeout(() => resolve(null), ms); });
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
