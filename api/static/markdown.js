/** Markdown renderer: parser tokens to DOM nodes. While an answer grows, only the blocks that changed are rendered again. */

import { copyButton, el, setChildren } from "./dom.js";
import { parser } from "./markdown-parser.js";
import { textOf } from "./texts.js";

/** @typedef {import("./markdown-parser.js").Token} Token */

/** Elements nested deeper are left out, their content is kept: browsers give up on thousands of levels. */
const MAX_DEPTH = 32;
const TASK = /^\[([ xX])\][ \t]+(?=\S|$)/;
/** Links with other schemes, such as `javascript:` and `data:`, become plain text. */
const LINK_SCHEMES = new Set(["http:", "https:", "mailto:"]);
/** @type {typeof import("./formulas.js") | null} null until the first formula has loaded it */
let formulas = null;

/** Shows a text as Markdown in an element. */
export class MarkdownView {
  /** @param {Element} container */
  constructor(container) {
    this.container = container;
    /** @type {string[]} the source of each rendered block */
    this.sources = [];
    /** Link reference definitions as JSON; any block may use them. */
    this.references = "{}";
    /** How many blocks have their code coloured: all but the last one, which may still grow. */
    this.highlighted = 0;
  }

  /**
   * Show this text.
   * @param {string} text
   * @param {boolean} [complete] whether it is the whole text
   */
  render(text, complete = false) {
    if (!parser) return setChildren(this.container, el("p.plain-text", { dir: "auto" }, text));
    const env = {};
    const blocks = splitBlocks(parser.parse(text, env));
    const lines = text.split(/\r\n?|\n/);
    const sources = blocks.map(([{ map }], index) => lines.slice(map?.[0], blocks[index + 1]?.[0].map?.[0]).join("\n"));
    const references = JSON.stringify(env);
    let unchanged = 0;
    if (references === this.references) while (unchanged < sources.length && sources[unchanged] === this.sources[unchanged]) unchanged += 1;
    this.references = references;
    this.sources = sources;
    while (this.container.childNodes.length > unchanged) this.container.lastChild?.remove();
    for (const block of blocks.slice(unchanged)) this.container.append(renderTokens(block));
    const coloured = Math.min(this.highlighted, unchanged);
    this.highlighted = Math.max(coloured, complete ? blocks.length : blocks.length - 1);
    for (const block of [...this.container.children].slice(coloured, this.highlighted)) highlightCode(block);
    return undefined;
  }
}

/**
 * The tokens of each top-level block.
 * @param {Token[]} tokens
 */
function splitBlocks(tokens) {
  /** @type {Token[][]} */
  const blocks = [];
  for (const token of tokens) {
    if (token.level === 0 && token.nesting >= 0) blocks.push([]);
    blocks[blocks.length - 1].push(token);
  }
  return blocks;
}

/**
 * Turn a flat list of opening, closing and leaf tokens into a tree of nodes.
 * @param {Token[]} tokens
 */
function renderTokens(tokens) {
  const fragments = [document.createDocumentFragment()];
  /** @type {Token[]} */
  const openTokens = [];
  for (const token of tokens) {
    const inner = fragments[fragments.length - 1];
    if (token.nesting > 0) {
      openTokens.push(token);
      fragments.push(token.hidden || fragments.length > MAX_DEPTH ? inner : document.createDocumentFragment());
    } else if (token.nesting < 0) {
      fragments.pop();
      const openToken = /** @type {Token} */ (openTokens.pop());
      const outer = fragments[fragments.length - 1];
      if (inner !== outer) outer.append(renderElement(openToken, inner));
    } else inner.append(token.type === "inline" ? renderTokens(token.children ?? []) : renderLeaf(token));
  }
  return fragments[0];
}

/**
 * @param {Token} token the opening one
 * @param {DocumentFragment} content
 */
function renderElement(token, content) {
  const { type, tag } = token;
  switch (type) {
    case "table_open": return el("div.table-scroll", { tabindex: "0" }, el("table", {}, content));
    case "th_open": case "td_open": return el(`${tag}.${alignment(token)}`, { dir: "auto" }, content);
    case "ordered_list_open": return el("ol", { start: token.attrGet("start") ?? 1, dir: "auto" }, content);
    case "list_item_open": return withCheckbox(el("li", {}, content));
    case "link_open": return renderLink(attribute(token, "href"), content);
    case "s_open": return el("del", {}, content);
    case "paragraph_open": case "heading_open": case "bullet_list_open": case "blockquote_open":
      return el(tag, { dir: "auto" }, content);
    default: return el(tag, {}, content);
  }
}

/** @param {Token} token one without a closing token */
function renderLeaf(token) {
  switch (token.type) {
    case "fence": case "code_block": return renderCodeBlock(token);
    case "formula": case "formula_block": return renderFormula(token);
    case "code_inline": return el("code", {}, token.content);
    case "hardbreak": case "hr": return el(token.tag);
    case "softbreak": return "\n";
    case "image": return renderLink(attribute(token, "src"), renderTokens(token.children ?? []).textContent ?? ""); // never fetched
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

/** @param {Token} token of a table cell */
function alignment(token) {
  const [, align] = /text-align:(.*)/.exec(attribute(token, "style")) ?? [];
  return align === "center" ? "align-center" : align === "right" ? "align-end" : "align-start";
}

/** @param {HTMLElement} item a list item, whose text may begin with a task marker: `[x]` */
function withCheckbox(item) {
  const parent = item.firstChild instanceof HTMLParagraphElement ? item.firstChild : item;
  const text = parent.firstChild;
  const [marker, mark] = (text instanceof Text && TASK.exec(text.data)) || [];
  if (marker) {
    /** @type {Text} */ (text).deleteData(0, marker.length);
    parent.prepend(el("input", { type: "checkbox", disabled: true, checked: mark !== " ", "aria-label": textOf("taskDone") }));
  }
  return item;
}

/** @param {Token} token */
function renderCodeBlock({ content, info }) {
  const code = content.replace(/\n$/, "");
  const language = info.trim().split(/\s/)[0];
  const caption = el("figcaption", {}, el("span", {}, language || textOf("code")), copyButton(() => code));
  return el("figure.code", {}, caption, el("pre", { dir: "ltr", tabindex: "0" }, el("code", { "data-language": language || null }, code)));
}

/** @param {Element} block */
async function highlightCode(block) {
  const codes = /** @type {NodeListOf<HTMLElement>} */ (block.querySelectorAll("code[data-language]"));
  if (!codes.length) return;
  const library = await import("./highlight.js").catch(() => null); // without it code has one colour
  for (const code of codes) library?.highlight(code);
}

/** @param {Token} token */
function renderFormula({ content, markup, info }) {
  const display = markup !== "\\(";
  const element = el(display ? "span.formula.display" : "span.formula", { dir: "ltr", tabindex: display ? "0" : null }, markup + content + info);
  if (formulas) formulas.showFormula(element, content, display);
  else {
    import("./formulas.js").then((loaded) => {
      formulas = loaded;
      loaded.showFormula(element, content, display);
    }, () => {}); // without it the source is shown
  }
  return element;
}

/**
 * A link, or a span if the URL is not allowed.
 * @param {string} url
 * @param {DocumentFragment | string} content
 */
function renderLink(url, content) {
  const href = safeUrl(url);
  const link = href ? el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, content) : el("span", {}, content);
  for (const nested of link.querySelectorAll("a, span")) nested.replaceWith(...nested.childNodes); // of an image in a link
  return link;
}

/** @param {string} text */
function safeUrl(text) {
  try {
    const url = new URL(text);
    return LINK_SCHEMES.has(url.protocol) && url.href;
  } catch {
    return null;
  }
}
