/** A turn's event stream: sends a message, parses server-sent events, and reconnects until the terminal event. */

import { NetworkError, Problem, ResponseTimeout, request } from "./http.js";
import { textOf } from "./texts.js";

/** Milliseconds before each attempt to reconnect; the last one repeats. */
const RECONNECT_DELAYS = [300, 1000, 2000, 4000, 5000];

/** Milliseconds until a missing response is reported as `slow`. */
const SLOW_AFTER = 2500;

/** Milliseconds until the message is sent again: the server responds within 5 s, so the connection may be dead. */
const SEND_TIMEOUT = 10_000;

/** Milliseconds without data until a connection counts as dead; the server sends a comment every 10 s. */
const IDLE_TIMEOUT = 30_000;

/** @typedef {{employee?: string, instead_of?: string}} EmployeeChoice who is to answer, and which turn the wrong employee answered */
/** @typedef {{conversation_id: string, message: string, temporary?: boolean} & EmployeeChoice} NewMessage */
/** @typedef {{conversation_id: string} & ({regenerate: string} & EmployeeChoice | {edit: string, message: string} | {continue: string})} VersionMessage of a turn */
/** @typedef {NewMessage | VersionMessage} OutgoingMessage */
/** @typedef {{id: number, event: string, data: unknown, retry: number | null}} ServerSentEvent */
/** @typedef {import("../contract.js").TurnEvent | {event: "disconnected" | "slow", data: null}} TurnUpdate */

/** A random UUID; `crypto.randomUUID` is missing over plain HTTP. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Send a message and follow its turn. The idempotency key makes it safe to send again.
 * @param {OutgoingMessage} message
 * @param {string} key idempotency key
 * @param {AbortSignal} signal stops following, not the turn
 * @returns {AsyncGenerator<TurnUpdate>}
 * @throws {Problem} the message was refused
 */
export async function* sendMessage(message, key, signal) {
  for (let attempt = 0; ; attempt += 1) {
    const headers = { Accept: "text/event-stream", "Accept-Language": document.documentElement.lang, "Idempotency-Key": key };
    const sending = request("/chat", { method: "POST", body: message, headers, signal, timeout: SEND_TIMEOUT });
    /** @type {Response | undefined} */
    let response;
    try {
      if (!await Promise.race([sending, delay(SLOW_AFTER)])) yield { event: "slow", data: null };
      response = await sending;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      if (error instanceof ResponseTimeout) continue; // the same key attaches to the same turn
    }
    if (response && (yield* followTurn(response.headers.get("X-Turn-Id"), signal, response))) return;
    yield { event: "disconnected", data: null };
    await reconnectDelay(RECONNECT_DELAYS[Math.min(attempt, RECONNECT_DELAYS.length - 1)], signal);
  }
}

/**
 * Follow a turn to its terminal event, over as many connections as it takes.
 * @param {string | null} turnId null: the message waits, and the stream that is open says which turn it becomes
 * @param {AbortSignal} signal
 * @param {Response | null} [firstResponse] a stream that is already open; null: start at the first event
 * @returns {AsyncGenerator<TurnUpdate, boolean>} false: the connection was lost before the turn began
 * @throws {Problem} the turn no longer exists, or the message was refused after it had waited
 */
export async function* followTurn(turnId, signal, firstResponse = null) {
  let lastId = 0;
  let attempt = 0;
  let retry = null;
  for (let response = firstResponse; ; response = null) {
    try {
      response ??= await request(`/turns/${turnId}/events`, { headers: { "Last-Event-ID": String(lastId) }, signal });
      for await (const event of readEvents(response)) {
        retry = event.retry ?? retry;
        if (!event.id || event.id <= lastId) continue;
        lastId = event.id;
        attempt = 0;
        const update = /** @type {import("../contract.js").TurnEvent} */ (event);
        if (update.event === "start") turnId = update.data.turn_id;
        if (update.event === "error" && !turnId) throw toProblem(response.status, update.data);
        yield update;
        if (update.event === "done" || update.event === "error") return true;
      }
    } catch (error) {
      if (signal.aborted || (!(error instanceof NetworkError) && !(error instanceof Problem && error.status >= 500))) throw error;
    }
    if (!turnId) return false;
    yield { event: "disconnected", data: null };
    await reconnectDelay(retry ?? RECONNECT_DELAYS[Math.min(attempt, RECONNECT_DELAYS.length - 1)], signal);
    retry = null;
    attempt += 1;
  }
}

/**
 * @param {number} status
 * @param {import("../contract.js").Failure} refusal
 */
function toProblem(status, { code, message, retry_after }) {
  return new Problem(status, code, message, retry_after ?? null);
}

/**
 * Parse server-sent events from a response. EventSource can neither send a body nor a token.
 * @param {Response} response
 * @returns {AsyncGenerator<ServerSentEvent>}
 * @throws {NetworkError} the connection was lost
 */
async function* readEvents(response) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  try {
    for (;;) {
      const { done, value } = await withIdleTimeout(reader.read());
      if (done) return;
      const blocks = (buffer + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      buffer = /** @type {string} */ (blocks.pop());
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * @param {string} block the lines of one event
 * @returns {ServerSentEvent | null} null: a comment
 */
function parseEvent(block) {
  /** @type {ServerSentEvent} */
  const event = { id: 0, event: "message", data: null, retry: null };
  /** @type {string[]} */
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "id") event.id = Number(value);
    if (name === "event") event.event = value;
    if (name === "data") data.push(value);
    if (name === "retry") event.retry = Number(value);
  }
  if (data.length) event.data = JSON.parse(data.join("\n"));
  return data.length || event.retry !== null ? event : null;
}

/**
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<T>}
 */
async function withIdleTimeout(reading) {
  let timer = 0;
  const timeout = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("idle")), IDLE_TIMEOUT); });
  try {
    return /** @type {T} */ (await Promise.race([reading, timeout]));
  } catch (error) {
    throw /** @type {Error} */ (error).name === "AbortError" ? error : new NetworkError(textOf("connectionLost"));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {number} ms
 * @returns {Promise<null>}
 */
function delay(ms) {
  return new Promise((resolve) => { setTimeout(() => resolve(null), ms); });
}

/**
 * Wait before reconnecting; less if the browser comes back online.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function reconnectDelay(ms, signal) {
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
