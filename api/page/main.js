/** The page's beginning: who is there, what was open, and what was under way when the page was left. */

import * as chat from "./chat.js";
import * as composer from "./composer.js";
import { listConversations, refresh } from "./conversations.js";
import { byId, el } from "./dom.js";
import { meet } from "./employees.js";
import { showMemory } from "./memory.js";
import { loaded } from "./parser.js";
import { openConversation, underWay } from "./remembered.js";
import { offerSignOut, signing } from "./signing.js";
import { onChange } from "./tabs.js";
import * as thread from "./thread.js";

async function main() {
  signing();
  composer.compose(chat.ask, chat.stop);
  showMemory();
  sidebar();
  await meet();
  composer.offerTeam();
  await listConversations(); // the first to say who asks: a new visitor gets a session, or is asked for a token
  offerSignOut();
  onChange((what, conversation, here) => { if (what === "conversations" && !here && conversation === chat.current()) chat.refresh(); });
  addEventListener("popstate", () => { if (openConversation() !== chat.current()) chat.open(openConversation()); });
  addEventListener("focus", () => {
    refresh();
    chat.refresh();
  });
  composer.focus();
  await loaded;
  const sending = underWay();
  const shown = chat.open(sending?.message.conversation_id ?? openConversation(), Boolean(sending));
  if (!sending) composer.open();
  await shown;
  if (!sending) return;
  const answered = chat.sendOff(sending);
  composer.open();
  await answered;
}

function sidebar() {
  const menu = byId("menu");
  const narrow = matchMedia("(max-width: 52rem)");
  const open = (/** @type {boolean} */ wanted) => {
    const focused = byId("side").contains(document.activeElement);
    document.body.classList.toggle("aside", wanted);
    menu.setAttribute("aria-expanded", String(wanted));
    byId("main").inert = wanted; // it lies in the shade
    if (wanted) byId("new").focus();
    else if (focused) menu.focus();
  };
  menu.addEventListener("click", () => open(!document.body.classList.contains("aside")));
  byId("shade").addEventListener("click", () => open(false));
  byId("side").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !document.body.classList.contains("aside")) return;
    open(false);
  });
  addEventListener("moved", () => open(false));
  narrow.addEventListener("change", () => open(false));
  byId("skip").addEventListener("click", () => byId("message").focus());
  byId("new").addEventListener("click", () => {
    chat.open(null);
    composer.focus();
  });
}

main().catch((error) => {
  thread.show(el("p.state", {}, error.message, " ", el("button", { type: "button", onclick: () => location.reload() }, "Try again")));
});
