/** Markdown within a line, as elements: code, emphasis, links. What is none of these is text, HTML included. */

import { el } from "./dom.js";

/** Marks within marks deeper than this are text: nobody writes that, except to break a parser. */
const DEEPEST = 8;
/** Where something other than plain text may begin. */
const SPECIAL = /[\\`*_~[!<\n]|https?:\/\//g;
/** Addresses that a link may have; `javascript:` and `data:` are none. */
const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** @typedef {(match: RegExpExecArray, depth: number) => Node | string | null} Make null: it is none after all */
/** @type {[RegExp, Make][]} */
const RULES = [
  [/\\([!-/:-@[-`{-~])/y, (match) => match[1]],
  [/(?:\\| {2,})\n/y, () => el("br")],
  [/(`+)(?!`)([^]*?[^`])\1(?!`)/y, (match) => el("code", {}, unpadded(match[2]))],
  [/!?\[((?:\\.|[^[\]\\]|\[[^[\]]*\]){0,1000})\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)?)>?(?:\s+"[^"]*"|\s+'[^']*')?\s*\)/y,
    (match, depth) => link(match[2], inline(match[1], depth))],
  [/<((?:https?:\/\/|mailto:)[^\s<>]+)>/y, (match) => link(match[1], [match[1]])],
  [/\*\*\*(?![\s*])([^*\n]*[^*\s])\*\*\*(?!\*)/y, (match, depth) => el("strong", {}, el("em", {}, ...inline(match[1], depth)))],
  [/\*\*(?![\s*])((?:\\.|[^\\])*?[^\s\\])\*\*(?!\*(?!\*))/y, (match, depth) => el("strong", {}, ...inline(match[1], depth))],
  [/__(?![\s_])((?:\\.|[^\\])*?[^\s\\])__(?!\w)/y, outsideWords("strong")],
  [/\*(?![\s*])((?:\\.|\*\*[^*]+\*\*|[^\\*])*?[^\s\\*]|[^\s*\\])\*(?!\*)/y,
    (match, depth) => (/\d/.test(match.input[match.index - 1] ?? "") ? null : el("em", {}, ...inline(match[1], depth)))], // 2*3*4
  [/_(?![\s_])((?:\\.|[^\\_]|_(?=\w))*?[^\s\\_])_(?!\w)/y, outsideWords("em")],
  [/~~(?![\s~])((?:\\.|[^\\])*?[^\s\\])~~/y, (match, depth) => el("del", {}, ...inline(match[1], depth))],
  [/https?:\/\/[^\s<>"'`]*[^\s<>"'`.,:;!?)\]*_~]/y, (match) => link(match[0], [match[0]])],
];

/**
 * The text's nodes.
 * @param {string} text
 * @param {number} [depth] how many marks it stands in
 * @returns {(Node | string)[]}
 */
export function inline(text, depth = 0) {
  if (depth >= DEEPEST) return [text];
  /** @type {(Node | string)[]} */
  const nodes = [];
  let plain = 0;
  let at = 0;
  while ((at = next(text, at)) < text.length) {
    const [made, end] = special(text, at, depth + 1);
    if (made !== null) {
      if (at > plain) nodes.push(text.slice(plain, at));
      nodes.push(made);
      plain = end;
    }
    at = end;
  }
  if (plain < text.length) nodes.push(text.slice(plain));
  return nodes;
}

/**
 * @param {string} text
 * @param {number} from
 */
function next(text, from) {
  SPECIAL.lastIndex = from;
  const found = SPECIAL.exec(text)?.index ?? text.length;
  // Two spaces before the end of a line belong to it.
  return text[found] === "\n" ? Math.max(from, found - (/ {2,}$/.exec(text.slice(from, found))?.[0].length ?? 0)) : found;
}

/**
 * @param {string} text
 * @param {number} at
 * @param {number} depth
 * @returns {[Node | string | null, number]} what begins there, and where it ends
 */
function special(text, at, depth) {
  for (const [pattern, make] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const made = match && make(match, depth);
    if (match && made !== null) return [made, at + match[0].length];
  }
  const run = /([`*_~])\1*|\s*\n|./suy; // as many of a mark as there are: none of them begins anything
  run.lastIndex = at;
  return [null, at + (run.exec(text)?.[0].length || 1)];
}

/**
 * @param {string} tag
 * @returns {Make}
 */
function outsideWords(tag) {
  return (match, depth) => (/\w/.test(match.input[match.index - 1] ?? "") ? null : el(tag, {}, ...inline(match[1], depth)));
}

/**
 * @param {string} address
 * @param {(Node | string)[]} children
 * @returns {Node | string}
 */
function link(address, children) {
  const href = safe(address);
  if (!href) return el("span", {}, ...children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

/** @param {string} address */
function safe(address) {
  try {
    const url = new URL(address);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** @param {string} code */
function unpadded(code) {
  return /^ .* $/s.test(code) && code.trim() ? code.slice(1, -1) : code;
}
