// SPDX-License-Identifier: Apache-2.0
// Who did what, the newest first.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.js";
import { t } from "../i18n.js";
import { route, setQuery } from "../router.js";
import { Time } from "../time.js";
import { Heading, Scroll } from "../parts/page.js";

const what = (word) => (t(`did.${word}`) === `did.${word}` ? word : t(`did.${word}`));

const Row = ({ row, onWho }) =>
  html`<tr>
    <td data-label=${t("audit.time")}><${Time} at=${row.time} /></td>
    <th scope="row" data-label=${t("audit.who")}>
      <button type="button" class="quiet" onClick=${() => onWho(row.who)}>${row.who}</button>
    </th>
    <td data-label=${t("audit.what")}>${what(row.what)}</td>
    <td data-label=${t("audit.note")}>${[row.note, row.tenant].filter(Boolean).join(" · ") || t("none")}</td>
  </tr>`;

export function Audit() {
  const who = route.value.query.who || "";
  const [rows, setRows] = useState([]);
  const [next, setNext] = useState(null);
  const [failed, setFailed] = useState(false);
  const load = async (cursor) => {
    try {
      const page = await get("/api/audit", { who, cursor });
      setRows((old) => (cursor ? [...old, ...page.items] : page.items));
      setNext(page.next);
      setFailed(false);
    } catch {
      setFailed(true);
    }
  };
  useEffect(() => {
    load();
  }, [who]);
  return html`
    <${Heading}>${t("audit.title")}<//>
    <p class="hint">
      ${t("audit.hint")} <a href="/api/audit.csv" download="vigia-audit.csv">${t("audit.csv")}</a>
      ${who &&
      html` · <button type="button" class="quiet" onClick=${() => setQuery({})}>${t("audit.all", { who })}</button>`}
    </p>
    ${failed && html`<p class="form-error" role="alert">${t("error.title")}</p>`}
    <${Scroll} label=${t("audit.title")}>
      <table class="cards">
        <thead>
          <tr>
            ${["time", "who", "what", "note"].map((c) => html`<th scope="col">${t(`audit.${c}`)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => html`<${Row} row=${row} onWho=${(name) => setQuery({ who: name })} key=${row.id} />`)}
        </tbody>
      </table>
    <//>
    ${next && html`<p><button type="button" class="outline small" onClick=${() => load(next)}>${t("incidents.more")}</button></p>`}
  `;
}
