/** The pages' texts in the language of the page: loads them, fills the HTML in, and gives them to modules by key. */

/** @typedef {typeof import("./texts/en.js").default} SharedTexts the chat page's, too */
/** @typedef {typeof import("./texts/dashboard-en.js").default} DashboardTexts */
/** @typedef {typeof import("./texts/finances-en.js").default} FinanceTexts */
/** @typedef {SharedTexts & DashboardTexts & FinanceTexts} Texts */
/** @typedef {keyof Texts} Key */
/** @typedef {{other: string} & Partial<Record<Intl.LDMLPluralRule, string>>} PluralForms */
/**
 * The same texts in another language.
 * @template T
 * @typedef {{[K in keyof T]: T[K] extends string ? string : PluralForms}} Translated
 */
/** @typedef {Translated<SharedTexts>} Translation */
/** @typedef {Translated<DashboardTexts>} DashboardTranslation */
/** @typedef {Translated<FinanceTexts>} FinanceTranslation */
/** @typedef {Record<import("../contract.js").NoticeCode | import("../contract.js").ProblemCode, string>} ServerTexts by code */
/** @typedef {Record<import("../contract.js").ReasonCode, string>} RouteReasons by code */
/** @typedef {Record<string, Pick<import("../contract.js").Employee, "title" | "does" | "examples">>} EmployeeTexts by slug */
/**
 * The names in a text's braces.
 * @template Text
 * @typedef {Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never} NamesIn
 */
/**
 * What a text is filled in with.
 * @template {Key} K
 * @typedef {NamesIn<Texts[K] extends {other: infer Other} ? Other : Texts[K]>} Names
 */
/**
 * @template {Key} K
 * @typedef {[Names<K>] extends [never] ? [] : [Record<Names<K>, string | number>]} Values
 */

/** "en" or "de": the user's choice, else the first of the browser's languages that there is. */
const language = document.documentElement.lang;

/** For Intl: the language as the browser's region writes dates and numbers. */
export const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

// Awaited, so that no module runs before there are texts; preferences.js has begun to load them.
const { page } = document.documentElement.dataset;
/** @typedef {{default: object, resultTexts?: Record<string, string | PluralForms>, categoryNames?: Record<string, string>}} TextsOfPart */
/** @type {[{default: Translation, serverTexts?: ServerTexts, routeReasons?: RouteReasons, employeeTexts?: EmployeeTexts}, TextsOfPart?]} */
const [{ default: sharedTexts, serverTexts, routeReasons, employeeTexts }, ofPage] = await Promise.all([
  import(`./texts/${language}.js`), page ? import(`./texts/${page}-${language}.js`) : undefined,
]);
/** A page asks for no text of another one. */
const texts = /** @type {Translation & DashboardTranslation & FinanceTranslation} */ ({ ...sharedTexts, ...ofPage?.default });
/** The texts about documents, transactions and results, once they are loaded. */
let financeTexts = ofPage;
const integerFormat = new Intl.NumberFormat(locale);
const pluralRules = new Intl.PluralRules(locale);

/** Attributes of the HTML that name the text of another attribute. */
const ATTRIBUTES = { "data-label": "aria-label", "data-placeholder": "placeholder" };

/**
 * A text in the language of the page, filled in with these values. A text with plural forms goes by `count`.
 * @type {<K extends Key>(key: K, ...values: Values<K>) => string}
 */
export const textOf = (key, ...[values]) => fillIn(texts[key], values ?? {});

/** Load the texts about documents and transactions, which the chat page does without at first. */
export async function addFinanceTexts() {
  financeTexts = /** @type {TextsOfPart} */ (await import(`./texts/finances-${language}.js`));
  Object.assign(texts, financeTexts.default);
}

/** What the server says of results by its English templates; undefined in English. */
export const resultTexts = () => financeTexts?.resultTexts;

/** The names of categories that Frontdesk gave, by the English ones; undefined in English. */
export const categoryNames = () => financeTexts?.categoryNames;

/**
 * The text with this key; null if there is none.
 * @param {string} key
 */
export function knownText(key) {
  return Object.hasOwn(texts, key) ? fillIn(texts[/** @type {Key} */ (key)], {}) : null;
}

/**
 * What to show for a sentence of the server, which is English: another language has its own for each code.
 * @param {string} code
 * @param {string} sentence
 * @returns {string}
 */
export function serverText(code, sentence) {
  return serverTexts?.[/** @type {keyof ServerTexts} */ (code)] ?? sentence;
}

/**
 * Why an employee answers. The server's sentence is English, and has no code in turns of an earlier release.
 * @param {Pick<import("../contract.js").Route, "reason" | "reason_code" | "keyword">} route
 * @param {{name: string, title: string}} employee who answers
 * @returns {string}
 */
export function routeReason({ reason, reason_code, keyword }, { name, title }) {
  const template = reason_code && routeReasons?.[reason_code];
  return template ? fillIn(template, { name, title, keyword: keyword ?? "" }) : reason;
}

/**
 * An employee as the page shows them: the server's title, description and examples are English.
 * @template {{slug: string}} Employee
 * @param {Employee} employee
 * @returns {Employee}
 */
export const translated = (employee) => ({ ...employee, ...employeeTexts?.[employee.slug] });

/**
 * @param {string | PluralForms} text
 * @param {Record<string, string | number>} values
 */
export function fillIn(text, values) {
  const template = typeof text === "string" ? text : text[pluralRules.select(Number(values.count))] ?? text.other;
  return template.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? integerFormat.format(values[name]) : values[name]));
}

/** Fill in the elements of the HTML that name their texts. */
function fillInDocument() {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = knownText(element.getAttribute("data-text") ?? "");
  for (const [name, target] of Object.entries(ATTRIBUTES)) {
    for (const element of document.querySelectorAll(`[${name}]`)) element.setAttribute(target, knownText(element.getAttribute(name) ?? "") ?? "");
  }
}

fillInDocument();
