// SPDX-License-Identifier: Apache-2.0
// Values that came from an agent: always as text, never as markup or links.
import { html } from "htm/preact";
import { count, t } from "../i18n.js";
import { Time } from "../time.js";
import { Scroll } from "./page.js";

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const COLUMNS_MAX = 7;

function text(value) {
  if (value === null || value === undefined || value === "") return t("none");
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : String(value);
  if (typeof value === "boolean") return value ? "✓" : "✗";
  if (Array.isArray(value)) return value.map(text).join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

const Value = ({ is, zone }) =>
  typeof is === "string" && RFC3339.test(is) ? html`<${Time} at=${is} zone=${zone} />` : text(is);

export const named = (key) => key.replaceAll("_", " ");

export function Facts({ facts, label, zone }) {
  const rows = Object.entries(facts || {});
  if (rows.length === 0) return html`<p class="hint">${t("incident.empty")}</p>`;
  return html`<table class="facts" aria-label=${label}>
    <thead class="hidden">
      <tr>
        <th scope="col">${t("incident.fact")}</th>
        <th scope="col">${t("incident.value")}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ([key, value]) => html`<tr>
          <th scope="row">${named(key)}</th>
          <td><${Value} is=${value} zone=${zone} /></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/* Pieces of evidence that look alike make one table; others stand one under the other. */
export function Evidence({ evidence, label, zone }) {
  const items = evidence.map((e) => (e !== null && typeof e === "object" ? e : { "": e }));
  const columns = [...new Set(items.flatMap(Object.keys))];
  if (items.length < 2 || columns.length > COLUMNS_MAX)
    return html`<div class="evidence">
      ${items.map((item) => html`<${Facts} facts=${item} label=${label} zone=${zone} />`)}
    </div>`;
  return html`<${Scroll} label=${label}>
    <table class="alike">
      <thead>
        <tr>
          ${columns.map((c) => html`<th scope="col">${named(c)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${items.map(
          (item) => html`<tr>
            ${columns.map((c) => html`<td><${Value} is=${item[c]} zone=${zone} /></td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  <//>`;
}

export const party = (p) => (p ? p.label || p.id || t("none") : null);
