// SPDX-License-Identifier: Apache-2.0
// The two languages of the dashboard. Messages about incidents come from the collector.
import { signal } from "@preact/signals";
import { es } from "./lang/es.js";
import { en } from "./lang/en.js";

const texts = { "es-MX": es, en };

export const language = signal("es-MX");

export const guessLanguage = () =>
  (navigator.languages || [navigator.language]).some((l) => /^es/i.test(l)) ? "es-MX" : "en";

export function setLanguage(name) {
  language.value = /^es/.test(name) ? "es-MX" : "en";
  document.documentElement.lang = language.value;
}

/* t("mails.queued", {n: 3}); a text may be {one, other} by `n`. */
export function t(key, values = {}) {
  let text = texts[language.value][key] ?? key;
  if (typeof text === "object") text = values.n === 1 ? text.one : text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? (typeof values[name] === "number" ? count(values[name]) : values[name]) : whole,
  );
}

export const count = (n) => new Intl.NumberFormat(language.value).format(n);
