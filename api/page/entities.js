/** Characters written as something else in Markdown: `\*`, `&lt;`, `&#8364;`. */

/** The names that are used. HTML has two thousand, and only its parser knows them, which this page does not ask. */
const NAMES = new Map(`amp & lt < gt > quot " apos ' nbsp \u00a0 emsp \u2003 ensp \u2002 thinsp \u2009 shy \u00ad ndash – mdash — hellip … bull •
middot · lsquo ‘ rsquo ’ ldquo “ rdquo ” laquo « raquo » copy © reg ® trade ™ deg ° sect § para ¶ cent ¢ pound £ yen ¥ euro € sup2 ²
sup3 ³ frac12 ½ frac14 ¼ frac34 ¾ times × divide ÷ plusmn ± minus − ne ≠ le ≤ ge ≥ asymp ≈ infin ∞ radic √ sum ∑ larr ← uarr ↑ rarr →
darr ↓ harr ↔ rArr ⇒ check ✓ Delta Δ pi π micro µ auml ä ouml ö uuml ü Auml Ä Ouml Ö Uuml Ü szlig ß eacute é egrave è agrave à ccedil ç AElig Æ`
  .match(/\w+ \S+|nbsp .|emsp .|ensp .|thinsp ./g)?.map((pair) => /** @type {[string, string]} */ (pair.split(" "))));

/** Something of this kind, where it begins. */
export const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z][a-z\d]*));/iy;
const WRITTEN = new RegExp(String.raw`\\([!-/:-@[-\`{-~])|${ENTITY.source}`, "gi");

/**
 * What it stands for; null: there is no such name.
 * @param {string[]} match of ENTITY
 */
export function meant([, decimal, hexadecimal, name]) {
  if (name) return NAMES.get(name) ?? null;
  const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return !code || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? "\ufffd" : String.fromCodePoint(code);
}

/** @param {string} text outside of lines, such as an address */
export function decoded(text) {
  return text.replace(WRITTEN, (all, escaped, ...found) => escaped ?? meant([all, ...found]) ?? all);
}
