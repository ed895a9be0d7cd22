/** What is in the settings dialog: look and language of this browser; memory, export and deletion of the account. */

import { isSignedIn, signOut } from "./auth.js";
import { byId, el, openModal } from "./dom.js";
import { request, requestJson } from "./http.js";
import { textOf } from "./texts.js";

const dialog = byId("settings");
const errorText = byId("settings-error");
const memorySwitch = byId("memory-on");

/** Preferences that are applied at once, by the name of their fields; their texts come with the next load. */
const STYLES = { theme: "system", textSize: "normal" };
const LANGUAGE_KEY = "frontdesk.language";

/** Make what is in the dialog work. */
function init() {
  byId("export").addEventListener("click", exportData);
  byId("delete-account").addEventListener("click", deleteAccount);
  memorySwitch.addEventListener("change", switchMemory);
  for (const [name, standard] of Object.entries(STYLES)) initStyle(name, standard);
  const language = byId("language");
  language.value = localStorage.getItem(LANGUAGE_KEY) ?? "";
  language.addEventListener("change", () => {
    if (language.value) localStorage.setItem(LANGUAGE_KEY, language.value);
    else localStorage.removeItem(LANGUAGE_KEY);
    location.reload();
  });
}

/**
 * Make the radio buttons of a preference work.
 * @param {string} name
 * @param {string} standard the value without a choice
 */
function initStyle(name, standard) {
  const key = `frontdesk.${name}`;
  for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (dialog.querySelectorAll(`[name="${name}"]`))) {
    radio.checked = radio.value === (localStorage.getItem(key) ?? standard);
    radio.addEventListener("change", () => {
      localStorage.setItem(key, radio.value);
      dispatchEvent(new Event("preferencechange"));
    });
  }
}

/** Show what the server knows: who is signed in, and whether memory is on. */
export async function showSettings() {
  errorText.textContent = "";
  memorySwitch.disabled = true;
  const [user, settings] = await Promise.all([requestJson("/me"), requestJson("/settings")]).catch(showError);
  if (!user || !settings) return;
  byId("signed-in").textContent = isSignedIn() ? textOf("signedInAs", { name: user.email ?? user.user_id }) : textOf("notSignedIn");
  memorySwitch.checked = settings.memory;
  memorySwitch.disabled = false;
}

async function switchMemory() {
  errorText.textContent = "";
  const wanted = memorySwitch.checked;
  await requestJson("/settings", { method: "PATCH", body: { memory: wanted } }).catch((error) => {
    memorySwitch.checked = !wanted;
    showError(error);
  });
}

/** Download all data of the user. A plain link could not send the token. */
async function exportData() {
  errorText.textContent = "";
  const response = await request("/export").catch(showError);
  if (!(response instanceof Response)) return;
  const url = URL.createObjectURL(await response.blob());
  el("a", { href: url, download: "frontdesk-export.ndjson" }).click();
  URL.revokeObjectURL(url);
}

/** Delete the account once the user has typed that it is meant, and begin anew. */
async function deleteAccount() {
  errorText.textContent = "";
  if (!await deletionConfirmed()) return;
  const deleted = await requestJson("/account", { method: "DELETE" }).then(() => true, showError);
  if (deleted !== true) return;
  sessionStorage.clear();
  signOut();
}

/** @returns {Promise<boolean>} */
async function deletionConfirmed() {
  const word = textOf("deletionWord");
  const button = el("button.danger", { value: "yes", disabled: true }, textOf("deleteAccount"));
  const field = el("input", { id: "deletion-word", autocomplete: "off", autocapitalize: "none", spellcheck: "false", oninput: () => {
    button.disabled = field.value.trim().toLowerCase() !== word;
  } });
  const question = el("dialog", { id: "confirm-deletion", "aria-labelledby": "deletion-title" }, el("form", { method: "dialog" },
    el("h2", { id: "deletion-title" }, textOf("deleteAccountTitle")),
    el("p", {}, textOf("deleteAccountText")),
    el("label", { for: "deletion-word" }, textOf("typeToConfirm", { word })),
    field,
    el("footer", {}, el("button", { type: "button", onclick: () => question.close() }, textOf("cancel")), button)));
  document.body.append(question);
  const result = await openModal(question);
  question.remove();
  return result === "yes";
}

/**
 * @param {Error} error
 * @returns {[]}
 */
function showError(error) {
  errorText.textContent = error.message;
  return [];
}

init();
