/** Entry point of the page with transactions, documents, accounts, categories and rules. */

import { showAccounts } from "./accounts.js";
import { initSignOut, updateSignOut } from "./auth.js";
import { showCategories } from "./categories.js";
import { showDocuments } from "./documents.js";
import { byId } from "./dom.js";
import { showError } from "./finance-lists.js";
import { NetworkError, Problem } from "./http.js";
import { showRules } from "./rules.js";
import { onChange } from "./tab-state.js";
import { showTransactions } from "./transactions.js";
import { finishDeletions } from "./undo.js";

/** Seconds until a section that could not be loaded is asked for again, where the server does not say it. */
const RETRY_AFTER = 5;

let retryTimer = 0;

/** Each section's name, and what loads and shows it. */
const SECTIONS = /** @type {const} */ ({
  transactions: showTransactions, documents: showDocuments, accounts: showAccounts, categories: showCategories, rules: showRules,
});

/** @returns {keyof typeof SECTIONS} */
function sectionInUrl() {
  const name = location.hash.slice(1);
  return name in SECTIONS ? /** @type {keyof typeof SECTIONS} */ (name) : "transactions";
}

/**
 * Show the section that the URL names, as it is now; where the server cannot give it, again and again.
 * @param {{quiet?: boolean}} [options] `quiet`: nobody asked, so what the page says stays until there is something else
 */
async function show({ quiet = false } = {}) {
  clearTimeout(retryTimer);
  const current = sectionInUrl();
  for (const name of Object.keys(SECTIONS)) {
    byId(name).hidden = name !== current;
    const link = document.querySelector(`#sections [href="#${name}"]`);
    if (name === current) link?.setAttribute("aria-current", "page");
    else link?.removeAttribute("aria-current");
  }
  if (!quiet) byId("status").textContent = "";
  try {
    await SECTIONS[current]();
    if (quiet) byId("status").textContent = "";
    updateSignOut();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof NetworkError)) throw error;
    if (!quiet || byId("status").firstChild?.textContent !== error.message) showError(error, () => show());
    if (error instanceof Problem && error.status < 500) return;
    const seconds = error instanceof Problem ? error.retryAfter : null;
    retryTimer = setTimeout(() => show({ quiet: true }), 1000 * (seconds ?? RETRY_AFTER));
  }
}

initSignOut();
addEventListener("hashchange", () => show());
onChange((topic, _, local) => { if (topic === "finances" && !local) show(); });
await finishDeletions();
await show();
