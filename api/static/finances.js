/** Entry point of the page with transactions, documents, accounts, categories and rules. */

import { showAccounts } from "./accounts.js";
import { initSignOut, updateSignOut } from "./auth.js";
import { showCategories } from "./categories.js";
import { showDocuments } from "./documents.js";
import { byId } from "./dom.js";
import { NetworkError, Problem } from "./http.js";
import { showRules } from "./rules.js";
import { onChange } from "./tab-state.js";
import { showTransactions } from "./transactions.js";
import { finishDeletions } from "./undo.js";

/** Each section's name, and what loads and shows it. */
const SECTIONS = /** @type {const} */ ({
  transactions: showTransactions, documents: showDocuments, accounts: showAccounts, categories: showCategories, rules: showRules,
});

/** @returns {keyof typeof SECTIONS} */
function sectionInUrl() {
  const name = location.hash.slice(1);
  return name in SECTIONS ? /** @type {keyof typeof SECTIONS} */ (name) : "transactions";
}

/** Show the section that the URL names, as it is now. */
async function show() {
  const current = sectionInUrl();
  for (const name of Object.keys(SECTIONS)) {
    byId(name).hidden = name !== current;
    const link = document.querySelector(`#sections [href="#${name}"]`);
    if (name === current) link?.setAttribute("aria-current", "page");
    else link?.removeAttribute("aria-current");
  }
  byId("status").textContent = "";
  try {
    await SECTIONS[current]();
    updateSignOut();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof NetworkError)) throw error;
    byId("status").textContent = error.message;
  }
}

initSignOut();
addEventListener("hashchange", show);
onChange((topic, _, local) => { if (topic === "finances" && !local) show(); });
await finishDeletions();
await show();
