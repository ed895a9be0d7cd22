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
 * @param {{method?: string, body?: any, headers?: Record<string, string>, signal?: AbortSignal, timeout?: number}} [options]
 *   `timeout`: ms after which the server is lost
 * @returns {Promise<Response>}
 * @throws {Problem | Lost}
 */
export async function ask(path, { method = "GET", body, headers = {}, signal, timeout } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const sent = { ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const end = timeout ? AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]) : signal;
  let response;
  try {
    response = await fetch(path, { method, headers: sent, signal: end, body: body && JSON.stringify(body) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Lost("The server cannot be reached.");
  }
  if (response.ok) return response;
  if (response.status === 401) {
    await newToken(token);
    return ask(path, { method, body, headers, signal, timeout });
  }
  throw await problem(response);
}

/**
 * The JSON of a response; null of an empty one.
 * @param {string} path
 * @param {Parameters<typeof ask>[1]} [options]
 * @returns {Promise<any>}
 */
export async function json(path, options) {
  const response = await ask(path, options);
  try {
    const text = await response.text();
    return text ? JSON.parse(text) : null;
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
  /** @type {any} */
  let said = {};
  try {
    said = await response.json();
  } catch { /* not ours: a proxy's */ }
  const after = said.retry_after ?? (Number(response.headers.get("Retry-After")) || null);
  return new Problem(response.status, said.code ?? "internal", said.detail ?? "Something went wrong.", after);
}
