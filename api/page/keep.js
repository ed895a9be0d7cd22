/** Changing what is shown without making it anew: focus, selection and scroll position stay where they are. */

/**
 * Let it say this.
 * @param {Node} node
 * @param {string} text
 */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * One child for each item, in their order; the children of items that were there before are kept.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T, place: number) => string} key what an item is known by
 * @param {(item: T) => HTMLElement} make
 * @param {(child: any, item: T, place: number) => void} update also what was just made
 */
export function each(parent, items, key, make, update) {
  const there = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, child]));
  items.forEach((item, place) => {
    const known = key(item, place);
    const child = /** @type {HTMLElement} */ (there.get(known) ?? make(item));
    there.delete(known);
    child.dataset.key = known;
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
    update(child, item, place);
  });
  for (const child of there.values()) child.remove();
}
