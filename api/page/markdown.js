/** Markdown as elements, made anew only where it has changed, so that an answer can be shown while it grows. */

import { copyButton, el, fill } from "./dom.js";
import { parser } from "./parser.js";

/** @typedef {import("./parser.js").Token} Token */

/** Elements within elements deeper than this are left out, and their content is not: a browser gives up on thousands. */
const DEEPEST = 32;
const TASK = /^\[([ xX])\][ \t]+(?=\S|$)/;
/** Addresses that a link may have; `javascript:` and `data:` are none. */
const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** A sheet that shows a text as Markdown. */
export class Sheet {
  /** @param {Element} place */
  constructor(place) {
    this.place = place;
    /** @type {string[]} what each block that is shown was made of */
    this.shown = [];
    /** Addresses by their labels, which any block may use. */
    this.addresses = "{}";
  }

  /**
   * Show this text.
   * @param {string} text
   */
  show(text) {
    if (!parser) return fill(this.place, el("p.words", { dir: "auto" }, text));
    const env = {};
    const blocks = parted(parser.parse(text, env));
    const lines = text.split(/\r\n?|\n/);
    const made = blocks.map(([{ map }], at) => lines.slice(map?.[0], blocks[at + 1]?.[0].map?.[0]).join("\n"));
    const addresses = JSON.stringify(env);
    let same = 0;
    if (addresses === this.addresses) while (same < made.length && made[same] === this.shown[same]) same += 1;
    this.addresses = addresses;
    this.shown = made;
    while (this.place.childNodes.length > same) this.place.lastChild?.remove();
    for (const block of blocks.slice(same)) this.place.append(nodes(block));
    return undefined;
  }
}

/**
 * The tokens of each block.
 * @param {Token[]} tokens of a document
 */
function parted(tokens) {
  /** @type {Token[][]} */
  const blocks = [];
  for (const token of tokens) {
    if (token.level === 0 && token.nesting >= 0) blocks.push([]);
    blocks[blocks.length - 1].push(token);
  }
  return blocks;
}

/**
 * What tokens mean: an element for each that begins one, with what comes until its end.
 * @param {Token[]} tokens
 */
function nodes(tokens) {
  const open = [document.createDocumentFragment()];
  /** @type {Token[]} */
  const begun = [];
  for (const token of tokens) {
    const inner = open[open.length - 1];
    if (token.nesting > 0) {
      begun.push(token);
      open.push(token.hidden || open.length > DEEPEST ? inner : document.createDocumentFragment());
    } else if (token.nesting < 0) {
      open.pop();
      const of = /** @type {Token} */ (begun.pop());
      const outer = open[open.length - 1];
      if (inner !== outer) outer.append(element(of, inner));
    } else inner.append(token.type === "inline" ? nodes(token.children ?? []) : leaf(token));
  }
  return open[0];
}

/**
 * @param {Token} token that begins it
 * @param {DocumentFragment} inner
 */
function element(token, inner) {
  const { type, tag } = token;
  switch (type) {
    case "table_open": return el("div.wide", { tabindex: "0" }, el("table", {}, inner));
    case "th_open": case "td_open": return el(`${tag}.${side(token)}`, { dir: "auto" }, inner);
    case "ordered_list_open": return el("ol", { start: token.attrGet("start") ?? 1, dir: "auto" }, inner);
    case "list_item_open": return withBox(el("li", {}, inner));
    case "link_open": return link(attribute(token, "href"), inner);
    case "s_open": return el("del", {}, inner);
    case "paragraph_open": case "heading_open": case "bullet_list_open": case "blockquote_open":
      return el(tag, { dir: "auto" }, inner);
    default: return el(tag, {}, inner);
  }
}

/** @param {Token} token without anything between its beginning and its end */
function leaf(token) {
  switch (token.type) {
    case "fence": case "code_block": return code(token);
    case "code_inline": return el("code", {}, token.content);
    case "hardbreak": case "hr": return el(token.tag);
    case "softbreak": return "\n";
    case "image": return link(attribute(token, "src"), nodes(token.children ?? []).textContent ?? ""); // nothing is fetched
    default: return token.content;
  }
}

/**
 * @param {Token} token
 * @param {string} name
 */
function attribute(token, name) {
  return String(token.attrGet(name) ?? "");
}

/** @param {Token} token of a cell */
function side(token) {
  const [, where] = /text-align:(.*)/.exec(attribute(token, "style")) ?? [];
  return where === "center" ? "middle" : where === "right" ? "end" : "start";
}

/** @param {HTMLElement} item whose text may begin with a box to tick */
function withBox(item) {
  const place = item.firstChild instanceof HTMLParagraphElement ? item.firstChild : item;
  const first = place.firstChild;
  const [task, mark] = (first instanceof Text && TASK.exec(first.data)) || [];
  if (task) {
    /** @type {Text} */ (first).deleteData(0, task.length);
    place.prepend(el("input", { type: "checkbox", disabled: true, checked: mark !== " ", "aria-label": "done" }));
  }
  return item;
}

/** @param {Token} token */
function code({ content, info }) {
  const text = content.replace(/\n$/, "");
  const head = el("figcaption", {}, el("span", {}, info.trim().split(/\s/)[0] || "code"), copyButton(() => text));
  return el("figure.code", {}, head, el("pre", { dir: "ltr", tabindex: "0" }, el("code", {}, text)));
}

/**
 * A link, or what is in it, where it leads to no place that an answer may lead to.
 * @param {string} address
 * @param {DocumentFragment | string} inner
 */
function link(address, inner) {
  const href = safe(address);
  const made = href ? el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, inner) : el("span", {}, inner);
  for (const other of made.querySelectorAll("a, span")) other.replaceWith(...other.childNodes); // a picture's
  return made;
}

/** @param {string} address */
function safe(address) {
  try {
    const url = new URL(address);
    return SCHEMES.has(url.protocol) && url.href;
  } catch {
    return null;
  }
}
