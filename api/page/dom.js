/** Elements, made without a word of HTML: what somebody wrote is text and can become nothing else. */

/** @typedef {Node | string | null | undefined | false} Child */
/**
 * @template {string} Tag
 * @typedef {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement} Tagged
 */
/**
 * @template {string} Name tag and classes: "p.hint.small"
 * @typedef {Name extends `${infer Tag}.${string}` ? Tagged<Tag> : Tagged<Name>} Made
 */
/**
 * Elements of the page that are more than any element, by their ids.
 * @typedef {{
 *   composer: HTMLFormElement, confirm: HTMLDialogElement, memory: HTMLDialogElement, message: HTMLTextAreaElement,
 *   search: HTMLInputElement, "search-memory": HTMLInputElement, send: HTMLButtonElement, "sign-in": HTMLDialogElement,
 *   token: HTMLInputElement, whom: HTMLSelectElement,
 * }} Parts
 */

/**
 * An element.
 * @template {string} Name
 * @param {Name} name tag and classes: "p.hint.small"
 * @param {Record<string, any>} [given] `on…` are listeners, the rest attributes; null and false are left out
 * @param {...Child} children
 * @returns {Made<Name>}
 */
export function el(name, given = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  fill(made, ...children); // before `dir="auto"`, which looks through all of them for each one that comes
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  return /** @type {any} */ (made);
}

/**
 * Put these in the place of what is in there.
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/**
 * Put other lines into a list. A focus within goes to the same line, or to the one in its place.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} lines
 * @param {HTMLElement} otherwise what gets the focus where no line can have it
 */
export function relist(list, lines, otherwise) {
  const held = list.contains(document.activeElement) ? /** @type {HTMLElement | null} */ (document.activeElement?.closest("li")) : null;
  const controls = "a, button";
  const at = held && Math.max(0, [...held.querySelectorAll(controls)].indexOf(/** @type {Element} */ (document.activeElement)));
  const place = held && Math.min([...list.children].indexOf(held), lines.length - 1);
  list.replaceChildren(...lines);
  if (!held) return;
  const line = lines.find((one) => one.dataset.id === held.dataset.id) ?? lines[Number(place)];
  const control = /** @type {HTMLElement | undefined} */ (line.querySelectorAll(controls)[Number(at)]);
  (control ?? otherwise).focus();
}

/**
 * The page's element of this id.
 * @template {string} Id
 * @param {Id} id
 * @returns {Id extends keyof Parts ? Parts[Id] : HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {any} */ (found);
}

/** A random UUID, also where the page came over plain HTTP and `crypto.randomUUID` is withheld. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Put a text on the clipboard, also where the page came over plain HTTP.
 * @param {string} text
 */
export async function copy(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch { /* not allowed: the old way may be */ }
  }
  const sheet = el("textarea.unseen", { "aria-hidden": "true" });
  sheet.value = text;
  document.body.append(sheet);
  sheet.select();
  document.execCommand("copy");
  sheet.remove();
}

/**
 * A button that copies, and says so for a moment.
 * @param {() => string} text
 */
export function copyButton(text) {
  const button = el("button.quiet", {
    type: "button",
    onclick: async () => {
      await copy(text());
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    },
  }, "Copy");
  return button;
}
