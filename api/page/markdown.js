/** Markdown as elements, made anew only where it has changed, so that an answer can be shown while it grows. */

import { Reading, cells } from "./blocks.js";
import { copyButton, el } from "./dom.js";
import { inline } from "./inline.js";

/** @typedef {import("./blocks.js").Block} Block */

const TASK = /^\[([ xX])\][ \t]+(?=\S)/;

/** A sheet that shows a text as Markdown. */
export class Sheet {
  /** @param {Element} place */
  constructor(place) {
    this.place = place;
    /** @type {string[]} what each block that is shown was made of */
    this.shown = [];
    /** @type {Map<string, string>} addresses by their labels */
    this.addresses = new Map();
  }

  /**
   * Show this text.
   * @param {string} text
   */
  show(text) {
    const lines = text.replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd").split("\n");
    const { root, addresses } = new Reading(lines);
    const blocks = root.children.filter(isSeen);
    const made = blocks.map((block, at) => lines.slice(block.from, blocks[at + 1]?.from).join("\n"));
    let same = 0;
    if (String([...addresses]) === String([...this.addresses])) while (same < made.length && made[same] === this.shown[same]) same += 1;
    this.addresses = addresses;
    this.shown = made;
    while (this.place.childNodes.length > same) this.place.lastChild?.remove();
    this.place.append(...blocks.slice(same).map((block) => this.build(block)));
  }

  /**
   * @param {Block} block
   * @returns {Node}
   */
  build(block) {
    switch (block.kind) {
      case "code": return code(block);
      case "rule": return el("hr");
      case "table": return this.table(block);
      case "list": return this.list(block);
      case "quote": return el("blockquote", { dir: "auto" }, ...block.children.filter(isSeen).map((child) => this.build(child)));
      case "heading": return el(`h${Math.min(6, block.number + 2)}`, { dir: "auto" }, ...this.words(block.lines));
      default: return el("p", { dir: "auto" }, ...this.words(block.lines));
    }
  }

  /** @param {string[]} lines */
  words(lines) {
    return inline(lines.join("\n").trimEnd(), this.addresses);
  }

  /** @param {Block} block */
  table({ lines: [head, ruler, ...rest] }) {
    const sides = cells(ruler).map((side) => (/^:.*:$/.test(side) ? "middle" : side.endsWith(":") ? "end" : "start"));
    const row = (/** @type {string} */ line, /** @type {string} */ tag) => {
      const found = cells(line);
      return el("tr", {}, ...sides.map((side, at) => el(`${tag}.${side}`, { dir: "auto" }, ...this.words([found[at] ?? ""]))));
    };
    const body = rest.length > 0 && el("tbody", {}, ...rest.map((line) => row(line, "td")));
    return el("div.wide", { tabindex: "0" }, el("table", {}, el("thead", {}, row(head, "th")), body));
  }

  /** @param {Block} block */
  list({ number, children }) {
    const loose = areApart(children) || children.some((item) => areApart(item.children));
    const items = children.map((item) => this.item(item, loose));
    return number < 0 ? el("ul", { dir: "auto" }, ...items) : el("ol", { start: number, dir: "auto" }, ...items);
  }

  /**
   * @param {Block} item
   * @param {boolean} loose whether its texts are paragraphs
   */
  item({ children }, loose) {
    const lines = children[0]?.kind === "text" ? children[0].lines : [];
    const [task, mark] = TASK.exec(lines[0] ?? "") ?? [];
    if (task) lines[0] = lines[0].slice(task.length);
    const box = task && el("input", { type: "checkbox", disabled: true, checked: mark !== " ", "aria-label": "done" });
    const parts = children.filter(isSeen).map((child) => (loose || child.kind !== "text" ? [this.build(child)] : this.words(child.lines)));
    if (box && loose) /** @type {Element} */ (parts[0][0]).prepend(box);
    return el("li", {}, !loose && box, ...parts.flat());
  }
}

/** @param {Block} block whether there is more to it than addresses of labels */
function isSeen({ kind, lines }) {
  return kind !== "text" || lines.length > 0;
}

/** @param {Block[]} blocks whether a blank line stands between two of them */
function areApart(blocks) {
  return blocks.slice(1).some((block) => block.apart);
}

/** @param {Block} block */
function code({ mark, info, lines }) {
  const text = lines.slice(0, mark ? undefined : 1 + lines.findLastIndex((line) => line.trim())).join("\n");
  const head = el("figcaption", {}, el("span", {}, info.split(/\s/)[0] || "code"), copyButton(() => text));
  return el("figure.code", {}, head, el("pre", { dir: "ltr", tabindex: "0" }, el("code", {}, text)));
}
