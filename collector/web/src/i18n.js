// SPDX-License-Identifier: Apache-2.0
// The two languages of the dashboard. Messages about incidents come from the collector.
import { signal } from "@preact/signals";

const loaders = {
  "es-MX": () => import("./lang/es.js").then((m) => m.es),
  en: () => import("./lang/en.js").then((m) => m.en),
};
const texts = {};
let wanted = null;

export const language = signal("es-MX");
export const ready = signal(false); // there are texts to show

export const guessLanguage = () =>
  (navigator.languages || [navigator.language]).some((l) => /^es/i.test(l)) ? "es-MX" : "en";

/* The old language stays until the new one is here. */
export async function setLanguage(name) {
  const chosen = /^es/.test(name) ? "es-MX" : "en";
  wanted = chosen;
  texts[chosen] ||= await loaders[chosen]();
  if (wanted !== chosen) return; // another was chosen meanwhile
  document.documentElement.lang = chosen;
  language.value = chosen;
  ready.value = true;
}

/* t("mails.queued", {n: 3}); a text may be {one, other} by `n`. */
export function t(key, values = {}) {
  let text = texts[language.value]?.[key] ?? key;
  if (typeof text === "object") text = values.n === 1 ? text.one : text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? (typeof values[name] === "number" ? count(values[name]) : values[name]) : whole,
  );
}

export const count = (n) => new Intl.NumberFormat(language.value).format(n);
