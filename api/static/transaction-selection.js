/** Which transactions are selected, with click, shift and arrow keys, and the bar that gives them a category. */

import { el, setChildren, setText } from "./dom.js";
import { showError } from "./finance-lists.js";
import { textOf } from "./texts.js";

/** Transactions that the server changes at once. */
const MOST = 1000;

export class Selection {
  /**
   * @param {HTMLElement} rows whose first checkbox selects them
   * @param {(ids: string[], category: string | null) => Promise<void>} categorise
   * @param {(most: number) => Promise<string[]>} matchingIds of all that match
   */
  constructor(rows, categorise, matchingIds) {
    this.rows = rows;
    /** @type {Set<string>} also those that are not on the page */
    this.ids = new Set();
    /** @type {HTMLInputElement | null} from which shift selects */
    this.anchor = null;
    this.matching = 0;
    this.all = el("input", { type: "checkbox", "aria-label": textOf("selectAllShown"), onchange: () => this.selectShown(this.all.checked) });
    this.count = el("b", { role: "status" });
    this.allMatching = el("button.quiet", { type: "button", onclick: () => this.selectMatching(matchingIds).catch(showError) });
    this.place = el("span");
    const apply = async () => {
      const select = this.place.querySelector("select");
      await categorise([...this.ids], select?.value || null);
      this.clear();
    };
    this.bar = el("div.selection", { role: "group", "aria-label": textOf("selected"), hidden: true }, this.count, this.allMatching, this.place,
      el("button.primary", { type: "button", onclick: () => apply().catch(showError) }, textOf("setCategory")),
      el("button.quiet", { type: "button", onclick: () => this.clear() }, textOf("clearSelection")));
    rows.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (isBox(event.target)) this.toggle(event.target, event.shiftKey);
    });
    rows.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => { if (isBox(event.target)) this.move(event, event.target); });
  }

  /** @param {() => HTMLSelectElement} create the select of categories, as they are now */
  setCategories(create) {
    if (!this.place.contains(document.activeElement)) setChildren(this.place, create());
  }

  /** @param {number} matching how many there are, with those that are not loaded */
  reset(matching) {
    this.matching = matching;
    this.clear();
  }

  /**
   * One is gone; the others stay selected.
   * @param {string} id
   * @param {number} matching how many are left
   */
  drop(id, matching) {
    this.ids.delete(id);
    if (!this.anchor?.isConnected) this.anchor = null;
    this.matching = matching;
    this.update();
  }

  clear() {
    this.ids.clear();
    this.anchor = null;
    for (const box of this.boxes()) box.checked = false;
    this.update();
  }

  boxes() {
    return /** @type {HTMLInputElement[]} */ ([...this.rows.querySelectorAll(".select input")]);
  }

  /**
   * A box was clicked; with shift, all from the one before are as it is now.
   * @param {HTMLInputElement} box
   * @param {boolean} range
   */
  toggle(box, range) {
    const boxes = this.boxes();
    const [from, to] = [range && this.anchor ? boxes.indexOf(this.anchor) : boxes.indexOf(box), boxes.indexOf(box)].sort((one, other) => one - other);
    for (const one of boxes.slice(Math.max(from, 0), to + 1)) this.set(one, box.checked);
    this.anchor = box;
    this.update();
  }

  /**
   * @param {HTMLInputElement} box
   * @param {boolean} selected
   */
  set(box, selected) {
    box.checked = selected;
    const id = box.closest("tr")?.dataset.id ?? "";
    if (selected) this.ids.add(id);
    else this.ids.delete(id);
  }

  /**
   * The arrows go from box to box; with shift they take the selection along.
   * @param {KeyboardEvent} event
   * @param {HTMLInputElement} box
   */
  move(event, box) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = event.key === "ArrowDown" ? box.closest("tr")?.nextElementSibling : box.closest("tr")?.previousElementSibling;
    const next = /** @type {HTMLInputElement | null | undefined} */ (row?.querySelector(".select input"));
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (!event.shiftKey) return;
    this.set(next, box.checked);
    this.anchor = next;
    this.update();
  }

  /** @param {boolean} selected */
  selectShown(selected) {
    if (!selected) return this.clear();
    for (const box of this.boxes()) if (this.ids.size < MOST || box.checked) this.set(box, true);
    this.update();
    return undefined;
  }

  /** @param {(most: number) => Promise<string[]>} matchingIds */
  async selectMatching(matchingIds) {
    this.ids = new Set(await matchingIds(MOST));
    for (const box of this.boxes()) box.checked = this.ids.has(box.closest("tr")?.dataset.id ?? "");
    this.update();
  }

  update() {
    const shown = this.boxes();
    this.bar.hidden = !this.ids.size;
    setText(this.count, textOf("selectedCount", { count: this.ids.size }));
    const most = Math.min(this.matching, MOST);
    this.allMatching.hidden = this.ids.size >= most;
    setText(this.allMatching, this.matching > MOST ? textOf("selectFirst", { count: MOST }) : textOf("selectAllMatching", { count: most }));
    const selected = shown.filter(({ checked }) => checked).length;
    this.all.checked = selected > 0 && selected === shown.length;
    this.all.indeterminate = selected > 0 && selected < shown.length;
  }
}

/**
 * @param {EventTarget | null} target
 * @returns {target is HTMLInputElement}
 */
function isBox(target) {
  return target instanceof HTMLInputElement && target.closest(".select") !== null;
}
