// SPDX-License-Identifier: Apache-2.0
// Opening hours, a row for each day. Outside: {"mon-fri": "09:00-20:00", "sat": "closed"}, as agent.yaml.
import { html } from "htm/preact";
import { t } from "../i18n.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SPANISH = ["lun", "mar", "mie", "jue", "vie", "sab", "dom"];
const place = (name) => Math.max(DAYS.indexOf(name), SPANISH.indexOf(name));

function days(key) {
  if (key === "daily") return DAYS.map((_, i) => i);
  const [first, last] = key.split("-").map(place);
  const found = [first];
  while (last !== undefined && found[found.length - 1] !== last && found.length < 7)
    found.push((found[found.length - 1] + 1) % 7);
  return found;
}

/* [{open, close}] from Monday; both "" where it is closed. */
export function unfold(hours) {
  const rows = DAYS.map(() => ({ open: "", close: "" }));
  for (const [key, text] of Object.entries(hours || {})) {
    const [open, close] = text === "closed" ? ["", ""] : text.split("-");
    for (const i of days(key)) if (rows[i]) rows[i] = { open, close };
  }
  return rows;
}

/* null where nothing is known. Half a row counts as closed. */
export function fold(rows) {
  if (rows.every((r) => !r.open || !r.close)) return null;
  return Object.fromEntries(
    rows.map((r, i) => [DAYS[i], r.open && r.close ? `${r.open}-${r.close}` : "closed"]),
  );
}

/* Text, not a control of the browser's: that would show half of the world's hours as am and pm. */
const CLOCK = {
  type: "text",
  inputmode: "numeric",
  maxlength: 5,
  pattern: "([01]\\d|2[0-3]):[0-5]\\d|24:00",
  placeholder: "--:--",
};

export function Hours({ rows, onChange }) {
  const set = (i, key) => (event) =>
    onChange(rows.map((r, k) => (k === i ? { ...r, [key]: event.target.value } : r)));
  const repeat = (i) => () => onChange(rows.map((r, k) => (k === i ? { ...rows[i - 1] } : r)));
  return html`<fieldset class="hours">
    <legend>${t("site.hours")}</legend>
    <small>${t("site.hours_hint")}</small>
    ${rows.map(
      (r, i) => html`<div class="hours-row" key=${DAYS[i]}>
        <span>${t(`day.${DAYS[i]}`)}</span>
        <input
          ...${CLOCK}
          aria-label=${`${t(`day.${DAYS[i]}`)}: ${t("site.opens")}`}
          value=${r.open}
          onInput=${set(i, "open")}
        />
        <input
          ...${CLOCK}
          aria-label=${`${t(`day.${DAYS[i]}`)}: ${t("site.closes")}`}
          value=${r.close}
          onInput=${set(i, "close")}
        />
        ${i > 0 &&
        html`<button type="button" class="quiet" title=${t("site.same")} aria-label=${`${t(`day.${DAYS[i]}`)}: ${t("site.same")}`} onClick=${repeat(i)}>
          ↑
        </button>`}
      </div>`,
    )}
  </fieldset>`;
}
