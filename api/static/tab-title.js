/** The title of the tab: an unseen answer's mark, who answered last, and the conversation; and the page's heading. */

import { byId } from "./dom.js";
import { textOf } from "./texts.js";

const heading = byId("conversation-title");
let name = textOf("chatTitle");
let unseen = 0;

addEventListener("visibilitychange", () => {
  if (!document.hidden) unseen = 0;
  showTitle();
});

/**
 * @param {string} conversation its title; empty: a new one
 * @param {string} employee who answered last; empty: nobody
 */
export function nameTab(conversation, employee) {
  const title = textOf("chatTitle");
  heading.textContent = conversation || title;
  name = [employee, conversation, title].filter(Boolean).join(" · ");
  showTitle();
}

/** An answer has ended: mark the tab, if nobody looks at it. */
export function markUnseen() {
  if (document.hidden) unseen += 1;
  showTitle();
}

function showTitle() {
  document.title = unseen ? `(${unseen}) ${name}` : name;
}
