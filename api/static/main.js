/** Entry point of the chat page. */

import { initSignOut, updateSignOut } from "./auth.js";
import { ask, currentConversation, openConversation, refreshMessages, sendPending, stopAnswer } from "./chat.js";
import { enableSending, focusComposer, initComposer, loadLimit } from "./composer.js";
import { initConversations, refreshConversations } from "./conversations.js";
import { byId, el } from "./dom.js";
import { addEmployeeChoices } from "./employee-choice.js";
import { loadEmployees } from "./employees.js";
import { initFiles } from "./files.js";
import { initKeys } from "./keys.js";
import { parserReady } from "./markdown-parser.js";
import { showItems } from "./message-list.js";
import { conversationInUrl, loadPending, messageInUrl, onChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { showSuggestions } from "./welcome.js";

async function main() {
  initSignOut();
  initComposer(ask, stopAnswer);
  initFiles();
  initDialog("memory", () => import("./memory.js").then(({ refreshFacts }) => refreshFacts()));
  initDialog("settings", () => import("./settings.js").then(({ showSettings }) => showSettings()));
  initSidebar();
  initKeys();
  await loadEmployees();
  addEmployeeChoices();
  await initConversations(); // the first request that needs a user: starts a session, or asks for a token
  updateSignOut();
  loadLimit();
  onChange((topic, conversation, local) => { if (topic === "conversations" && !local && conversation === currentConversation()) refreshMessages(); });
  addEventListener("popstate", () => { if (messageInUrl() || conversationInUrl() !== currentConversation()) openConversation(conversationInUrl()); });
  addEventListener("focus", () => {
    refreshConversations();
    refreshMessages();
  });
  focusComposer();
  await parserReady;
  showSuggestions(ask);
  const pending = loadPending();
  const opened = openConversation(pending?.message.conversation_id ?? conversationInUrl(), Boolean(pending));
  if (!pending) enableSending();
  await opened;
  if (!pending) return;
  const sent = sendPending(pending);
  enableSending();
  await sent;
}

/**
 * Make a dialog open and close. Few open it, so that its module is loaded then.
 * @param {"memory" | "settings"} name
 * @param {() => Promise<void>} show loads the module, and what the dialog shows
 */
function initDialog(name, show) {
  const dialog = byId(name);
  byId(`open-${name}`).addEventListener("click", () => {
    dialog.showModal();
    show().catch(() => { byId(`${name}-error`).textContent = textOf("serverUnreachable"); });
  });
  byId(`close-${name}`).addEventListener("click", () => dialog.close());
}

/** Make the sidebar work. On narrow screens it is a drawer over the page. */
function initSidebar() {
  const menuButton = byId("menu");
  const narrow = matchMedia("(max-width: 52rem)");
  const toggle = (/** @type {boolean} */ open) => {
    const focusInside = byId("sidebar").contains(document.activeElement);
    document.body.classList.toggle("sidebar-open", open);
    menuButton.setAttribute("aria-expanded", String(open));
    byId("main").inert = open; // keeps the focus in the drawer
    if (open) byId("new-conversation").focus();
    else if (focusInside) menuButton.focus();
  };
  menuButton.addEventListener("click", () => toggle(!document.body.classList.contains("sidebar-open")));
  byId("backdrop").addEventListener("click", () => toggle(false));
  byId("sidebar").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && document.body.classList.contains("sidebar-open") && !event.defaultPrevented) {
      event.preventDefault(); // it does not stop an answer
      toggle(false);
    }
  });
  addEventListener("conversationchange", () => toggle(false));
  narrow.addEventListener("change", () => toggle(false));
  byId("skip-link").addEventListener("click", () => byId("message").focus());
  byId("new-conversation").addEventListener("click", () => {
    openConversation(null);
    focusComposer();
  });
}

main().catch((error) => {
  showItems(el("p.status", {}, error.message, " ", el("button", { type: "button", onclick: () => location.reload() }, textOf("tryAgain"))));
});
