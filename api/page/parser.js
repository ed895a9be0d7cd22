/** Markdown taken apart by markdown-it: CommonMark with tables, strikethrough and bare addresses, and HTML is text. */

/** Scripts without spaces between words, where punctuation beside a mark says nothing about words. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uff00-\uffef]/u;

/** @typedef {InstanceType<typeof import("markdown-it").default.Token>} Token */
/** @typedef {InstanceType<typeof import("markdown-it").default.StateCore>} Document */

/**
 * Null where the library could not be loaded: an answer that is not laid out is still an answer.
 * @type {InstanceType<typeof import("markdown-it").default> | null}
 */
export let parser = null;

/** Nothing is to be laid out before; no `await` of it here, or the whole page would begin only then. */
export const loaded = import(/** @type {string} */ ("./vendor/markdown-it.js")).then(
  (library) => { parser = prepared(library.default); },
  () => {},
);

/** @param {typeof import("markdown-it").default} MarkdownIt */
function prepared(MarkdownIt) {
  const made = new MarkdownIt({ linkify: true });
  made.linkify.set({ fuzzyLink: false }); // "report.py" is a file and no address in Paraguay
  made.validateLink = () => true; // markdown.js decides, once for all that have an address
  made.inline.State = class extends made.inline.State {
    /**
     * Whether a run of marks may begin or end emphasis.
     * @param {number} start
     * @param {boolean} within whether such marks mean something within a word, too
     */
    scanDelims(start, within) {
      const found = super.scanDelims(start, within);
      const before = /.$/su.exec(this.src.slice(Math.max(0, start - 2), start))?.[0] ?? " ";
      const after = /^./su.exec(this.src.slice(start + found.length, start + found.length + 2))?.[0] ?? " ";
      if (within && /\d/.test(before) && /\d/.test(after)) return { ...found, can_open: false, can_close: false }; // 2*3*4
      if (!within || !(UNSPACED.test(before) || UNSPACED.test(after))) return found;
      return { ...found, can_open: /\S/.test(after), can_close: /\S/.test(before) }; // **注意：**请
    }
  };
  made.core.ruler.before("inline", "growing", growing);
  made.core.ruler.push("outline", outline);
  return made;
}

/**
 * A dash or two below the last line of an answer underline it, but it may still be growing: an item is about to come.
 * @param {Document} document
 */
function growing({ src, tokens }) {
  const dashes = /\n[ \t]*(--?)$/.exec(src)?.[1];
  const at = tokens.findLastIndex(({ type }) => type === "heading_open");
  if (!dashes || tokens[at]?.markup !== "-" || tokens[at].map?.[1] !== src.split("\n").length) return;
  Object.assign(tokens[at], { type: "paragraph_open", tag: "p" });
  Object.assign(tokens[at + 2], { type: "paragraph_close", tag: "p" });
  tokens[at + 1].content += `\n${dashes}`;
}

/**
 * Headings are below the conversation's, and none is skipped: whoever goes from one to the next wonders what is missing.
 * @param {Document} document
 */
function outline({ tokens }) {
  /** @type {string[]} */
  const above = [];
  for (const token of tokens.filter(({ type }) => type === "heading_open")) {
    while (above.length && above[above.length - 1] >= token.tag) above.pop();
    above.push(token.tag);
    token.tag = `h${Math.min(6, 2 + above.length)}`;
  }
}
