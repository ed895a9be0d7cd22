/** Formatters for numbers. A missing value is a dash, not a zero. */

import { locale } from "./texts.js";

const MISSING = "–";

const integerFormat = new Intl.NumberFormat(locale);
const decimalFormat = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const percentFormat = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 });
const deviationFormat = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** @typedef {import("../contract.js").Measurement} Measurement */

/** @param {Measurement} value */
export function formatInteger(value) {
  return value === null ? MISSING : integerFormat.format(value);
}

/** @param {Measurement} value 0 to 100 */
export function formatPercent(value) {
  return value === null ? MISSING : percentFormat.format(value / 100);
}

/**
 * A part of a total, in percent.
 * @param {number} part
 * @param {number} total
 */
export function formatShare(part, total) {
  return total ? percentFormat.format(Math.round((part / total) * 1000) / 1000) : MISSING;
}

/**
 * How far an estimate is from the true value, in percent.
 * @param {number} estimate
 * @param {number} actual
 */
export function formatDeviation(estimate, actual) {
  return actual ? deviationFormat.format(estimate / actual - 1) : MISSING;
}

/**
 * A duration, exact to the millisecond below 10 s: ratings have thresholds.
 * @param {Measurement} ms
 */
export function formatDuration(ms) {
  if (ms === null) return MISSING;
  return ms < 10_000 ? `${integerFormat.format(ms)}\u00a0ms` : `${decimalFormat.format(ms / 1000)}\u00a0s`;
}

/**
 * A short duration for a chart's axis.
 * @param {number} ms
 */
export function formatAxisDuration(ms) {
  return ms && ms < 1000 ? `${integerFormat.format(ms)}\u00a0ms` : `${decimalFormat.format(ms / 1000)}\u00a0s`;
}

/** @param {number} value */
export function formatBytes(value) {
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), BYTE_UNITS.length - 1);
  const format = new Intl.NumberFormat(locale, { style: "unit", unit: BYTE_UNITS[power], maximumFractionDigits: 1 });
  return format.format(value / 1000 ** power);
}
