/** Fetch wrapper for our own API: token, timeout, and errors. */

import { accessToken, renewToken } from "./auth.js";
import { serverText, textOf } from "./texts.js";

/** A refusal of the server (RFC 9457). The message is safe to show. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code from the server's closed list
   * @param {string} detail the server's sentence
   * @param {number | null} retryAfter seconds
   */
  constructor(status, code, detail, retryAfter) {
    super(serverText(code, detail));
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The server could not be reached, or the connection was lost. */
export class NetworkError extends Error {}

/** No response came in time; the connection may be dead. */
export class ResponseTimeout extends NetworkError {}

/** Milliseconds until a response must begin: a connection that was silently dropped reports nothing. */
const RESPONSE_TIMEOUT = 20_000;

/** @param {unknown} error whether it is a 404 */
export function isNotFound(error) {
  return error instanceof Problem && error.status === 404;
}

/**
 * Send a request. After a 401 the user is asked for a token, and the request is sent again; so it is as long as another
 * document of the user is being stored, which ends by itself.
 * @param {string} path
 * @param {{method?: string, body?: object, headers?: Record<string, string>, signal?: AbortSignal, timeout?: number, keepalive?: boolean}} [options] `keepalive`: sent also where the page is left
 * @returns {Promise<Response>} a successful response
 * @throws {Problem | NetworkError}
 */
export async function request(path, { method = "GET", body, headers = {}, signal, timeout = RESPONSE_TIMEOUT, keepalive = false } = {}) {
  const token = await accessToken();
  const allHeaders = { ...headers };
  if (token) allHeaders.Authorization = `Bearer ${token}`;
  if (body !== undefined) allHeaders["Content-Type"] = "application/json";
  const response = await fetchInTime(new Request(path, { method, headers: allHeaders, body: body && JSON.stringify(body), keepalive }), signal, timeout);
  if (response.ok) return response;
  if (response.status === 401) {
    await renewToken(token);
    return request(path, { method, body, headers, signal, timeout, keepalive });
  }
  const problem = await toProblem(response);
  if (problem.code !== "import_running") throw problem;
  await new Promise((resolve) => { setTimeout(resolve, 1000 * (problem.retryAfter ?? 1)); });
  return request(path, { method, body, headers, signal, timeout, keepalive });
}

/**
 * Send a request and parse its JSON response; null if it is empty.
 * @template {string} Path
 * @param {Path} path
 * @param {Parameters<typeof request>[1]} [options]
 * @returns {Promise<import("../contract.js").ResponseBody<Path>>}
 * @throws {Problem | NetworkError}
 */
export async function requestJson(path, options) {
  const response = await request(path, options);
  try {
    const text = await response.text();
    return /** @type {any} */ (text ? JSON.parse(text) : null);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new NetworkError(textOf("connectionLost"));
  }
}

/**
 * Fetch, with a timeout until the response begins. The body has none: an event stream stays open.
 * @param {Request} request
 * @param {AbortSignal | undefined} signal
 * @param {number} timeout milliseconds
 * @returns {Promise<Response>}
 */
async function fetchInTime(request, signal, timeout) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const timer = setTimeout(() => controller.abort(new ResponseTimeout(textOf("serverSilent"))), timeout);
  try {
    return await fetch(request, { signal: controller.signal });
  } catch (error) {
    if (signal?.aborted || error instanceof ResponseTimeout) throw error;
    throw new NetworkError(textOf("serverUnreachable"));
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Response} response */
async function toProblem(response) {
  /** @type {import("../contract.js").ProblemDetails} */
  let details = {};
  try {
    details = await response.json();
  } catch { /* a proxy's response, not our server's */ }
  const retryAfter = details.retry_after ?? (Number(response.headers.get("Retry-After")) || null);
  return new Problem(response.status, details.code ?? "internal", details.detail ?? textOf("serverFailed"), retryAfter);
}
