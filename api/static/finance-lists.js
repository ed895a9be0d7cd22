/** What the sections of the page share: categories and accounts, lists whose items are renamed in place, and messages. */

import { announce, byId, el, isEnter, setChildren } from "./dom.js";
import { requestJson } from "./http.js";
import { categoryLabel } from "./result-texts.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").Category} Category */
/** @typedef {import("../contract.js").FinanceAccount} FinanceAccount */

/** @type {Category[]} */
let categories = [];

/** Load the categories anew. */
export async function loadCategories() {
  categories = (await requestJson("/categories")).items;
  return categories;
}

/** The categories as they were loaded last. */
export const allCategories = () => categories;

/** @param {string | null} slug null: none */
export function categoryName(slug) {
  if (slug === null) return textOf("noCategory");
  const found = categories.find(({ category }) => category === slug);
  return found ? categoryLabel(found) : slug;
}

/**
 * A select of all categories.
 * @param {string} label
 * @param {[string, string][]} first options before them: value and text
 */
export function categorySelect(label, first) {
  return el("select", { "aria-label": label }, ...first.map(([value, text]) => el("option", { value }, text)),
    ...categories.map((one) => [one.category, categoryLabel(one)]).toSorted(([, one], [, other]) => one.localeCompare(other))
      .map(([value, text]) => el("option", { value }, text)));
}

/**
 * @param {unknown} error of a request
 * @param {(() => unknown) | null} [again] asks once more; null: whoever asked can
 */
export function showError(error, again = null) {
  const { message } = /** @type {Error} */ (error);
  setChildren(byId("status"), message, again && el("button.quiet", { type: "button", onclick: again }, icon("retry"), textOf("tryAgain")));
  announce(message);
}

/**
 * Edit a text where it stands: Enter saves, Escape leaves it.
 * @param {HTMLElement} place whose children are replaced meanwhile
 * @param {{label: string, value: string, maxlength: number, required: boolean}} field
 * @param {(value: string) => Promise<unknown>} save
 */
export function editInPlace(place, { label, value, maxlength, required }, save) {
  const before = [...place.childNodes];
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const field = el("input.in-place", { type: "text", "aria-label": label, maxlength, dir: "auto" });
  field.value = value;
  let done = false;
  const close = () => {
    if (done) return;
    done = true;
    place.replaceChildren(...before);
    focused?.focus();
  };
  const finish = async () => {
    const text = field.value.trim();
    if (text === value || (required && !text)) return close();
    field.readOnly = true; // a disabled one would lose the focus
    try {
      await save(text);
      close();
    } catch (error) {
      field.readOnly = false;
      field.focus();
      showError(error);
    }
    return undefined;
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (isEnter(event)) {
      event.preventDefault();
      finish();
    } else if (event.key === "Escape") close();
  });
  field.addEventListener("blur", () => { if (!field.readOnly && !done) finish(); });
  place.replaceChildren(field);
  field.select();
}

/**
 * A button with an icon.
 * @param {import("./svg.js").IconName} name
 * @param {string} label
 * @param {() => void} onclick
 */
export function iconButton(name, label, onclick) {
  return el("button.icon", { type: "button", "aria-label": label, title: label, onclick }, icon(name));
}
