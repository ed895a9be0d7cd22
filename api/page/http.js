/** Requests to our own server: who asks, and what a refusal means. */

const TOKEN = "frontdesk.token";

/** The server refused. `detail` is safe to show a person. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code from the server's closed list
   * @param {string} detail
   * @param {number | null} retryAfter seconds
   */
  constructor(status, code, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The server could not be reached, or went away in the middle. */
export class Lost extends Error {}

/** Nothing came of a request for so long that its connection may be dead. */
export class Silent extends Lost {}

/** Milliseconds within which a response begins. A connection that something on the way swallowed never says so. */
const PATIENCE = 20_000;

/** @param {unknown} error whether it says that there is no such thing */
export function isMissing(error) {
  return error instanceof Problem && error.status === 404;
}

/** @type {(refused: boolean) => Promise<string>} */
let askForToken = async () => { throw new Error("nobody to ask for a token"); };
/** @type {Promise<string> | null} */
let asked = null;

/**
 * Who asks the person for a token, where the server wants one; `refused`: another one than they gave.
 * @param {(refused: boolean) => Promise<string>} how
 */
export function signInWith(how) {
  askForToken = how;
}

/** Whether this tab has a token: in local mode it needs none. */
export function signedIn() {
  return sessionStorage.getItem(TOKEN) !== null;
}

/** Forget the token. */
export function signOut() {
  sessionStorage.removeItem(TOKEN);
}

/**
 * A response that is no refusal. Where the server wants a token the person is asked for one, once for all requests.
 * @param {string} path
 * @param {{method?: string, body?: object, headers?: Record<string, string>, signal?: AbortSignal, within?: number}} [options]
 * @returns {Promise<Response>}
 * @throws {Problem | Lost}
 */
export async function ask(path, { method = "GET", body, headers = {}, signal, within = PATIENCE } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const sent = { ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const request = new Request(path, { method, headers: sent, body: body && JSON.stringify(body) });
  const response = await begun(request, signal, within);
  if (response.ok) return response;
  if (response.status === 401) {
    await newToken(token);
    return ask(path, { method, body, headers, signal, within });
  }
  throw await problem(response);
}

/**
 * The response, as soon as it begins.
 * @param {Request} request
 * @param {AbortSignal | undefined} signal
 * @param {number} within
 * @returns {Promise<Response>}
 */
async function begun(request, signal, within) {
  const control = new AbortController();
  const leave = () => control.abort(signal?.reason);
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave);
  const timer = setTimeout(() => control.abort(new Silent("The server does not answer.")), within);
  try {
    return await fetch(request, { signal: control.signal });
  } catch (error) {
    if (signal?.aborted || error instanceof Silent) throw error;
    throw new Lost("The server cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The JSON of a response; null of an empty one.
 * @template {string} Path
 * @param {Path} path
 * @param {Parameters<typeof ask>[1]} [options]
 * @returns {Promise<import("../contract.js").Answer<Path>>}
 */
export async function json(path, options) {
  const response = await ask(path, options);
  try {
    const text = await response.text();
    return /** @type {any} */ (text ? JSON.parse(text) : null);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Lost("The server went away.");
  }
}

/** @param {string | null} refused */
async function newToken(refused) {
  if (sessionStorage.getItem(TOKEN) !== refused) return; // another request has got one meanwhile
  asked ??= askForToken(refused !== null).finally(() => { asked = null; });
  sessionStorage.setItem(TOKEN, await asked);
}

/** @param {Response} response */
async function problem(response) {
  /** @type {import("../contract.js").Refusal} */
  let said = {};
  try {
    said = await response.json();
  } catch { /* not ours: a proxy's */ }
  const after = said.retry_after ?? (Number(response.headers.get("Retry-After")) || null);
  return new Problem(response.status, said.code ?? "internal", said.detail ?? "Something went wrong.", after);
}
