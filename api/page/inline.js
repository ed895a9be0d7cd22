/** Markdown within a block, as elements: code, links, emphasis. What is none of these is text, HTML included. */

import { ADDRESS, LABEL, TITLE, plain } from "./blocks.js";
import { el } from "./dom.js";
import { emphasize, run } from "./emphasis.js";
import { ENTITY, decoded, meant } from "./entities.js";

/** Where something other than plain text may begin. */
const SPECIAL = /[\\`*_~[\]!<&\n]|https?:\/\/|www\./g;
const IN_BARE = String.raw`[^\s<>"\`\\()[\]\u3000-\u303f\uff00-\uffef]`;
const BARE = new RegExp(String.raw`(?:https?://|www\.)(?:${IN_BARE}|\(${IN_BARE}*\))+`, "y");
/** What ends a bare address belongs to the sentence around it. */
const SENTENCE = /(?<![?!.,:;*_~'])[?!.,:;*_~']+$/;
const ANGLED = /<(?:([a-z][a-z\d+.-]{1,31}:[^\s<>]*)|([\w.!#$%&'*+/=?^`{|}~-]+@[a-z\d](?:[a-z\d.-]*[a-z\d])?))>/iy;
const TARGET = new RegExp(String.raw`\(\s*${ADDRESS}${TITLE}\s*\)`, "y");
const NAMED = new RegExp(LABEL, "y");
/** Addresses that a link may have; `javascript:` and `data:` are none. */
const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/**
 * The text's nodes.
 * @param {string} text
 * @param {Map<string, string>} addresses by label
 */
export function inline(text, addresses) {
  return new Writing(text, addresses).nodes();
}

/** A text that becomes nodes, from left to right. Links and emphasis are put around them once their ends are found. */
class Writing {
  /**
   * @param {string} text
   * @param {Map<string, string>} addresses
   */
  constructor(text, addresses) {
    this.text = text;
    this.addresses = addresses;
    this.at = 0;
    this.made = document.createDocumentFragment();
    /** @type {import("./emphasis.js").Run[]} marks of emphasis that nothing was made of yet */
    this.runs = [];
    /** @type {{node: Text, from: number, runs: number, picture: boolean}[]} */
    this.brackets = [];
    /** So many of the first brackets are around a link and begin none. */
    this.spent = 0;
    /** @type {Map<number, number[]> | null} where runs of backticks are, by their length, the last one first */
    this.ticks = null;
  }

  nodes() {
    while (this.at < this.text.length) {
      SPECIAL.lastIndex = this.at;
      const found = SPECIAL.exec(this.text)?.index ?? this.text.length;
      if (found > this.at) this.put(this.text.slice(this.at, found));
      else this.special(this.text[found]);
    }
    emphasize(this.runs);
    this.made.normalize();
    return [...this.made.childNodes];
  }

  /**
   * Add what so many characters mean.
   * @param {Node | string} node
   * @param {number} [length]
   */
  put(node, length = /** @type {string} */ (node).length) {
    this.made.append(node);
    this.at += length;
  }

  /** @param {RegExp} pattern that is sticky */
  match(pattern, at = this.at) {
    pattern.lastIndex = at;
    return pattern.exec(this.text);
  }

  /** @param {string} char */
  special(char) {
    const next = this.text[this.at + 1] ?? "";
    if (char === "\\" && next === "\n") this.put(el("br"), 2);
    else if (char === "\\" && /[!-/:-@[-`{-~]/.test(next)) this.put(next, 2);
    else if (char === "`") this.code();
    else if (char === "\n") this.newline();
    else if (char === "[" || (char === "!" && next === "[")) this.bracket(char === "!");
    else if (char === "]") this.closed();
    else if ("*_~".includes(char)) this.emphasis();
    else this.single(char);
  }

  /** @param {string} char that begins an entity, an address or nothing */
  single(char) {
    const entity = this.match(ENTITY);
    const meaning = entity && meant(entity);
    const angled = this.match(ANGLED);
    const bare = /[a-z\d]/i.test(this.text[this.at - 1] ?? "") ? null : this.match(BARE)?.[0].replace(SENTENCE, "");
    if (entity && meaning) this.put(meaning, entity[0].length);
    else if (angled) this.put(link(angled[1] ?? `mailto:${angled[2]}`, angled[1] ?? angled[2]), angled[0].length);
    else if (bare) this.put(link(bare[0] === "w" ? `http://${bare}` : bare, bare), bare.length);
    else this.put(char);
  }

  newline() {
    const last = this.made.lastChild;
    const before = last instanceof Text ? last.data : "";
    let end = before.length;
    while (before[end - 1] === " ") end -= 1;
    if (last instanceof Text) last.data = before.slice(0, end);
    this.put(before.length - end > 1 ? el("br") : "\n", 1);
  }

  code() {
    const [run] = /** @type {RegExpExecArray} */ (this.match(/`+/y));
    if (!this.ticks) {
      this.ticks = new Map();
      for (const { 0: other, index } of [...this.text.matchAll(/`+/g)].reverse()) {
        this.ticks.set(other.length, this.ticks.get(other.length) ?? []).get(other.length)?.push(index);
      }
    }
    const ends = this.ticks.get(run.length) ?? [];
    while (ends.length && ends[ends.length - 1] <= this.at) ends.pop();
    const end = ends.at(-1);
    if (!end) return this.put(run);
    const code = this.text.slice(this.at + run.length, end).replaceAll("\n", " ");
    return this.put(el("code", {}, /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code), end + run.length - this.at);
  }

  emphasis() {
    const [marks] = /** @type {RegExpExecArray} */ (this.match(/([*_~])\1*/y));
    const found = run(marks, this.text.slice(Math.max(0, this.at - 2), this.at), this.text.slice(this.at + marks.length, this.at + marks.length + 2));
    this.put(found.node, marks.length);
    if (found.opens || found.closes) this.runs.push(found);
  }

  /** @param {boolean} picture */
  bracket(picture) {
    const node = new Text(picture ? "![" : "[");
    this.put(node, node.length);
    this.brackets.push({ node, from: this.at, runs: this.runs.length, picture });
  }

  /** A bracket ends: it was a link, or is a text in brackets. */
  closed() {
    const begun = this.brackets.pop();
    const around = this.brackets.length;
    const target = begun && (begun.picture || around >= this.spent) ? this.target(begun.from) : null;
    this.spent = Math.min(this.spent, around);
    if (!begun || !target) return this.put("]");
    emphasize(this.runs.splice(begun.runs));
    const made = link(target.address);
    while (begun.node.nextSibling) made.append(begun.node.nextSibling);
    for (const inner of made.querySelectorAll("a, span")) inner.replaceWith(...inner.childNodes); // a picture, a bare address
    if (begun.picture) made.textContent = `${made.textContent}`;
    else this.spent = around;
    begun.node.replaceWith(made);
    this.at = target.end;
    return undefined;
  }

  /**
   * Where the bracket that ends here leads to, if it does.
   * @param {number} from
   */
  target(from) {
    const given = this.match(TARGET, this.at + 1);
    if (given) return { address: decoded(given[1] ?? given[2]), end: this.at + 1 + given[0].length };
    if (!this.addresses.size) return null;
    const named = this.match(NAMED, this.at + 1);
    const label = named?.[1] || this.text.slice(from, this.at);
    const address = /^(?:\\[^]|[^\\[\]])*$/.test(label) ? this.addresses.get(plain(label)) : undefined;
    return address === undefined ? null : { address, end: this.at + 1 + (named?.[0].length ?? 0) };
  }
}

/**
 * @param {string} address
 * @param {...string} children
 * @returns {HTMLElement}
 */
function link(address, ...children) {
  const href = safe(address);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children) : el("span", {}, ...children);
}

/** @param {string} address */
function safe(address) {
  try {
    const url = new URL(address.replaceAll("\\", "%5C"));
    return SCHEMES.has(url.protocol) && url.href;
  } catch {
    return null;
  }
}
