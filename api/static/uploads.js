/** Files that are sent from the chat page: each is a card above the message field until it is closed or a message is sent. */

import { DocumentCard } from "./document-card.js";
import { byId, el } from "./dom.js";
import { NetworkError, Problem } from "./http.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";
import { refusalOf, sendFile } from "./upload-request.js";

const list = el("ul.documents", { id: "uploads", "aria-label": textOf("openDocuments") });
/** Resolves once the files before are sent: one goes after the other. */
let sending = Promise.resolve();

byId("pastes").before(list);
byId("composer").addEventListener("submit", () => {
  for (const item of list.querySelectorAll(".document:has(progress[hidden])")) item.remove(); // the message is about them
});

/** @param {File[]} files */
export function addFiles(files) {
  for (const file of files) {
    const controller = new AbortController();
    const card = new DocumentCard(file, ({ element }) => [el("button.icon", { type: "button", "aria-label": textOf("closeNamed", { name: file.name }), title: textOf("close"), onclick: () => {
      controller.abort(); // nothing, where it is sent
      element.remove();
      byId("message").focus();
    } }, icon("close"))]);
    list.append(card.element);
    const refusal = refusalOf(file);
    if (refusal) card.showFailure(refusal);
    else queue(card, file, controller.signal);
  }
}

/**
 * @param {DocumentCard} card
 * @param {File} file
 * @param {AbortSignal} signal
 */
function queue(card, file, signal) {
  sending = sending.then(() => send(card, file, signal));
}

/**
 * Send a file, and go on with the next one while it is read.
 * @param {DocumentCard} card
 * @param {File} file
 * @param {AbortSignal} signal
 */
async function send(card, file, signal) {
  if (signal.aborted) return;
  try {
    card.showSending(0);
    const { document, known } = await sendFile(file, (share) => card.showSending(share), signal);
    card.show(document, known);
  } catch (error) {
    if (signal.aborted) return;
    const known = error instanceof Problem || error instanceof NetworkError;
    card.showFailure(known ? error.message : textOf("pageFailed"), () => queue(card, file, signal));
    if (!known) throw error;
    return;
  }
  card.follow();
}
