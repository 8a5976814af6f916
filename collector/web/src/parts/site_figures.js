// SPDX-License-Identifier: Apache-2.0
// A shop's traffic and sales of the last days against what is usual, with its incidents on the timeline.
import { html } from "htm/preact";
import { get } from "../api.js";
import { count, language, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { BandChart } from "./chart.js";
import { Panel, Scroll, Waiting } from "./page.js";
import { SEVERITIES } from "./severity.js";

const HOUR_MS = 3600000;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(n) {
  let i = 0;
  for (; n >= 1024 && i < UNITS.length - 1; i++) n /= 1024;
  return `${new Intl.NumberFormat(language.value, { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n)} ${UNITS[i]}`;
}

/* Minor units as the currency has them. */
function money(minor, currency) {
  try {
    const format = new Intl.NumberFormat(language.value, { style: "currency", currency, maximumFractionDigits: 0 });
    const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions()
      .maximumFractionDigits;
    return format.format(minor / 10 ** digits);
  } catch {
    return `${count(minor)} ${currency}`;
  }
}

const dayOf = (at, zone) =>
  new Intl.DateTimeFormat(language.value, { weekday: "short", day: "numeric", month: "short", timeZone: zone }).format(at);

/* By day of the shop: the sum, and the hours that lay outside of what is usual. */
function days(from, kind, marks, zone) {
  const start = new Date(from).getTime();
  const rows = new Map();
  const row = (at) => {
    const day = dayOf(at, zone);
    if (!rows.has(day)) rows.set(day, { day, sum: null, above: 0, below: 0, known: false, incidents: 0 });
    return rows.get(day);
  };
  kind.values.forEach((value, i) => {
    const r = row(start + i * HOUR_MS);
    if (value === null) return;
    r.sum += value;
    if (kind.high[i] === null) return;
    r.known = true;
    r.above += value > kind.high[i];
    r.below += value < kind.low[i];
  });
  for (const mark of marks) if (mark.at >= start) row(mark.at).incidents++;
  return [...rows.values()].reverse();
}

function Figure({ title, from, kind, marks, format, zone }) {
  const known = kind.high.some((v) => v !== null);
  return html`<div class="figure">
    <h3>${title}</h3>
    <div class="chart-and-table">
      <div>
        <${BandChart} from=${from} kind=${kind} marks=${marks} format=${format} zone=${zone} />
        <ul class="legend" aria-hidden="true">
          <li class="value">${t("figures.value")}</li>
          ${known && html`<li class="usual">${t("figures.usual")}</li>`}
          ${SEVERITIES.filter((s) => marks.some((m) => m.severity === s)).map(
            (s) => html`<li class=${s}>${t("figures.incident", { severity: t(`severity.${s}`) })}</li>`,
          )}
        </ul>
      </div>
      <${Scroll} label=${title}>
        <table class="numbers">
          <thead>
            <tr>
              ${["day", "sum", "above", "below", "incidents"].map((c) => html`<th scope="col">${t(`figures.${c}`)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${days(from, kind, marks, zone).map(
              (r) => html`<tr>
                <th scope="row">${r.day}</th>
                <td>${r.sum === null ? t("none") : format(r.sum)}</td>
                <td>${r.known ? count(r.above) : t("none")}</td>
                <td>${r.known ? count(r.below) : t("none")}</td>
                <td>${r.incidents ? count(r.incidents) : t("none")}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      <//>
    </div>
    ${!known && html`<p class="hint">${t("figures.learning")}</p>`}
  </div>`;
}

const FORMATS = { in: bytes, out: bytes, sales: count };
const ORDER = ["sales", "amount", "out", "in"];

export function SiteFigures({ site }) {
  const load = useLoad(
    () =>
      Promise.all([
        get(`/api/figures/${site.id}`),
        get("/api/incidents", { site: site.id, state: "all", limit: 100 }),
      ]).then(([figures, incidents]) => ({ figures, incidents: incidents.items })),
    [site.id],
    300,
  );
  if (!load.data) return html`<${Waiting} load=${load} />`;
  const { figures, incidents } = load.data;
  const marks = incidents.map((i) => ({ at: new Date(i.first).getTime(), severity: i.severity }));
  const kinds = Object.keys(figures.kinds).sort(
    (a, b) => ORDER.indexOf(a.split(":")[0]) - ORDER.indexOf(b.split(":")[0]) || a.localeCompare(b),
  );
  return html`<${Panel} title=${t("figures.title")} hint=${t("figures.hint")} kind="figures">
    ${kinds.length === 0 && html`<p class="hint">${t("figures.none")}</p>`}
    ${kinds.map((name) => {
      const [what, currency] = name.split(":");
      return html`<${Figure}
        key=${name}
        title=${t(`figures.${what}`, { currency })}
        from=${figures.from}
        kind=${figures.kinds[name]}
        marks=${marks}
        format=${FORMATS[what] || ((n) => money(n, currency))}
        zone=${site.zone}
      />`;
    })}
  <//>`;
}
