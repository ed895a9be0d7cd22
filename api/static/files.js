/** Files that are picked, dropped or pasted on the chat page. What becomes of them is loaded with the first one. */

import { showComposerError } from "./composer.js";
import { byId } from "./dom.js";
import { textOf } from "./texts.js";

/** Make the button work, and take what is dropped anywhere or pasted into the message field. */
export function initFiles() {
  const picker = byId("pick-files");
  byId("attach").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    add(picker.files);
    picker.value = ""; // the same file can be picked again
  });
  const take = (/** @type {Event} */ event, /** @type {DataTransfer | null} */ data) => {
    if (!data?.types.includes("Files") || data.types.includes("text/plain")) return; // cells of a table come as a picture, too
    event.preventDefault(); // the browser would open a dropped file
    document.body.classList.toggle("dropping", event.type === "dragover");
    if (event.type !== "dragover") add(data.files);
  };
  addEventListener("dragover", (event) => take(event, event.dataTransfer));
  addEventListener("drop", (event) => take(event, event.dataTransfer));
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  byId("message").addEventListener("paste", (/** @type {ClipboardEvent} */ event) => take(event, event.clipboardData));
}

/** @param {FileList | null} list */
function add(list) {
  const files = [...list ?? []]; // the list is emptied once the event is over
  import("./uploads.js").then(({ addFiles }) => addFiles(files), () => showComposerError(new Error(textOf("serverUnreachable"))));
}
