/** Sends a file, and says how much of it has arrived, which fetch cannot. */

import { accessToken, renewToken } from "./auth.js";
import { NetworkError, Problem } from "./http.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").FinanceDocument} FinanceDocument */

/** Bytes that the server takes. */
const MAX_BYTES = 20 * 1024 * 1024;

/**
 * Why a file need not be sent; null: it is worth a try.
 * @param {File} file
 */
export function refusalOf({ size }) {
  if (size > MAX_BYTES) return textOf("fileTooLarge");
  return size ? null : textOf("fileEmpty");
}

/**
 * @param {File} file
 * @param {(share: number) => void} onProgress 0 to 1
 * @param {AbortSignal} signal
 * @returns {Promise<{document: FinanceDocument, known: boolean}>} known: the same file was there, and nothing is added
 * @throws {Problem | NetworkError}
 */
export async function sendFile(file, onProgress, signal) {
  const token = await accessToken();
  const response = await send(file, token, onProgress, signal);
  if (response.status === 401) {
    await renewToken(token);
    return sendFile(file, onProgress, signal);
  }
  const { body } = response;
  if (response.status >= 300) throw new Problem(response.status, body?.code ?? "internal", body?.detail ?? textOf("serverFailed"), body?.retry_after ?? null);
  if (!body) throw new NetworkError(textOf("connectionLost"));
  return { document: body, known: response.status === 200 && body.status === "ready" };
}

/**
 * @param {File} file
 * @param {string | null} token
 * @param {(share: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<{status: number, body: any}>}
 */
function send(file, token, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    sending.open("POST", "/documents");
    if (token) sending.setRequestHeader("Authorization", `Bearer ${token}`);
    sending.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    sending.addEventListener("load", () => resolve({ status: sending.status, body: parsed(sending.responseText) }));
    sending.addEventListener("error", () => reject(new NetworkError(textOf("serverUnreachable"))));
    sending.addEventListener("abort", () => reject(signal.reason));
    signal.addEventListener("abort", () => sending.abort());
    sending.send(form);
  });
}

/** @param {string} text null where it is no JSON: a proxy's answer */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
