/** The form in which a message of the user is edited where it stands. The tab keeps what is typed until it is sent. */

import { currentConversation, isAnswering } from "./chat.js";
import { announce, el, isEnter } from "./dom.js";
import { saveEdit } from "./tab-state.js";
import { textOf } from "./texts.js";

let closeOpen = () => {};

/** Close the form, if it is open, and forget what was typed. */
export const closeForm = () => closeOpen();

/**
 * Open the form in the place of a message. One is open at a time.
 * @param {HTMLElement} item
 * @param {string} text
 * @param {(version: {edit: string, message: string}) => void} send
 * @param {string} [problem] why it was not sent
 * @param {boolean} [focus]
 */
export function openForm(item, text, send, problem = "", focus = true) {
  closeForm();
  const turn = /** @type {string} */ (item.dataset.turn);
  const conversation = /** @type {string} */ (currentConversation());
  const errorText = el("p.error-text", {}, problem);
  const field = el("textarea", { rows: "3", "aria-label": textOf("editMessage"), dir: "auto", oninput: () => saveEdit({ conversation, turn, text: field.value }) });
  field.value = text;
  const close = () => {
    closeOpen = () => {};
    saveEdit(null);
    form.remove();
    item.classList.remove("editing");
  };
  const leave = () => {
    close();
    /** @type {HTMLElement | null} */ (item.querySelector(".edit"))?.focus();
  };
  const form = el("form.edit-form", {
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      const message = field.value;
      if (!message.trim()) return;
      if (isAnswering()) {
        errorText.textContent = textOf("answerRunning");
        announce(textOf("answerRunning"));
      } else if (message === item.querySelector(".plain-text")?.textContent) leave();
      else {
        close();
        send({ edit: turn, message });
      }
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (isEnter(event) && !event.shiftKey && event.target === field) {
        event.preventDefault();
        form.requestSubmit();
      }
      if (event.key !== "Escape") return;
      event.preventDefault(); // it does not stop an answer
      leave();
    },
  }, field, errorText, el("div.buttons", {}, el("button.quiet", { type: "button", onclick: leave }, textOf("cancel")), el("button", { type: "submit" }, textOf("send"))));
  closeOpen = close;
  item.classList.add("editing");
  item.append(form);
  saveEdit({ conversation, turn, text });
  if (focus) field.focus();
  if (focus) form.scrollIntoView({ block: "nearest" });
  if (problem) announce(problem);
}
