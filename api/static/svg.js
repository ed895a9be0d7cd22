/** SVG elements, and the icons of both pages: lines on a square of 24, in the colour of the text around them. */

const NAMESPACE = "http://www.w3.org/2000/svg";

const ICONS = {
  // The employees.
  byte: "M6 3h8l4 4v14H6zm8 0v4h4M9 12h6m-6 4h6",
  crystal: "M12 16.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zm-4-1-2 5h12l-2-5",
  goalie: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-4a5 5 0 1 0 0-10 5 5 0 0 0 0 10zm0-5v.01",
  ledger: "M6 18 18 6M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm8 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  prime: "m4 8 4 4 4-7 4 7 4-4-2 11H6z",
  tag: "M4 4h8l8 8-8 8-8-8zm4.5 4.5v.01",

  // The rest.
  attach: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.5 3.5 0 0 1 5 5l-8.5 8.5a2 2 0 0 1-3-3L14 7",
  chart: "M4 20h16M7 16v-5m5 5V6m5 10V9",
  chat: "M4 5h16v11h-9l-4 4v-4H4z",
  check: "m5 13 4 4L19 7",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5l3 2",
  close: "m6 6 12 12m0-12L6 18",
  copy: "M9 9h11v11H9zm6 0V4H4v11h5",
  down: "M12 5v14m-6-6 6 6 6-6",
  download: "M12 4v11m-5-4 5 5 5-5M5 20h14",
  forward: "m5 6 6 6-6 6m8-12 6 6-6 6",
  idea: "M9 18h6m-5 3h4M12 3a6 6 0 0 0-4 10.5c1 1 1 1.5 1 2.5h6c0-1 0-1.5 1-2.5A6 6 0 0 0 12 3z",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-10v5m0-8v.01",
  keyboard: "M3 6h18v12H3zm4 4v.01m5-.01v.01m5-.01v.01M8 14h8",
  list: "M4 6h16M4 12h16M4 18h10",
  left: "m15 6-6 6 6 6",
  menu: "M4 7h16M4 12h16M4 17h16",
  pencil: "m4 20 1-4L16 5l3 3L8 19zM14 7l3 3",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zm-6 8c0-3 3-5 6-5s6 2 6 5m1-14a3 3 0 0 1 0 6m2 3c2 1 3 3 3 5",
  pin: "M8 4h8l-1 6 3 4H6l3-4zm4 10v6",
  plus: "M12 5v14m-7-7h14",
  retry: "M20 4v5h-5m4.5 0A8 8 0 1 0 20 13",
  right: "m9 6 6 6-6 6",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2 4 4",
  send: "M12 19V5m-6 6 6-6 6 6",
  settings: "M4 8h8m4 0h4M4 16h4m4 0h8M14 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm-4 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  shield: "m12 3 7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z",
  sparkle: "m12 3 2 7 7 2-7 2-2 7-2-7-7-2 7-2z",
  stop: "M6 6h12v12H6z",
  "thumb-down": "M7 13V4H4v9zm0 0 4 7c2 0 2.5-1 2-3l-.5-3H19c1 0 2-1 1.5-2.5l-2-6c-.3-1-1-1.5-2-1.5H7",
  "thumb-up": "M7 11v9H4v-9zm0 0 4-7c2 0 2.5 1 2 3l-.5 3H19c1 0 2 1 1.5 2.5l-2 6c-.3 1-1 1.5-2 1.5H7",
  trash: "M5 7h14m-9 0V4h4v3M7 7l1 13h8l1-13",
  warning: "m12 4 9 16H3zm0 6v4m0 3v.01",
};

/** @typedef {keyof typeof ICONS} IconName */

/**
 * Create an SVG element.
 * @param {string} selector tag and classes: "rect.turns"
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function svg(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElementNS(NAMESPACE, tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** @param {string} name */
export function isIcon(name) {
  return Object.hasOwn(ICONS, name);
}

/**
 * An icon. It has no name of its own: a text, or the label of its button, stands beside it.
 * @param {IconName} name
 */
export function icon(name) {
  return svg("svg.symbol", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

// The icons of the HTML.
for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-icon]"))) {
  element.prepend(icon(/** @type {IconName} */ (element.dataset.icon)));
}
