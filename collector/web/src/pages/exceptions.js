// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { count, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayTriage } from "../rights.js";
import { address, route, setQuery } from "../router.js";
import { Ago, Time } from "../time.js";
import { ExceptionForm } from "../parts/exception_form.js";
import { party } from "../parts/facts.js";
import { Choice } from "../parts/filters.js";
import { Fault, Field, Sure, useSend } from "../parts/form.js";
import { Empty, Heading, Waiting } from "../parts/page.js";
import { TriageNav } from "../parts/triage_nav.js";

function Row({ item, over, onEnded }) {
  const send = useSend(() => post(`/api/exceptions/${item.id}`, { action: "end" }), onEnded);
  return html`<tr>
    <th scope="row">
      <code>${item.detector}</code>
      ${item.subject && html`<br /><span>${party(item.subject)}</span>`}
      ${item.peer && html`<br /><small>${t("exception.with", { name: party(item.peer) })}</small>`}
    </th>
    <td data-label=${t("exception.where")}>
      <span>${item.site ? item.site.name : t("exception.all_of", { name: item.tenant.name })}</span>
    </td>
    <td data-label=${t("exception.until")}><${Time} at=${over ? item.ended || item.until : item.until} /></td>
    <td data-label=${t("exception.held")}>
      <span>
        ${item.held > 0
          ? html`${count(item.held)}<br /><small><${Ago} at=${item.held_last} /></small>`
          : t("none")}
      </span>
    </td>
    <td data-label=${t("exception.told")}>${t("exception.told_of", item.agents)}</td>
    <td data-label=${t("exception.by")}>
      <span>
        ${item.who}${item.why && html`<br /><small>${item.why}</small>`}
        ${item.incident &&
        html`<br /><a href=${address(["incidents", item.incident])}>${t("exception.incident")}</a>`}
      </span>
    </td>
    ${mayTriage() &&
    !over &&
    html`<td class="act">
      <${Sure} label=${t("exception.end")} question=${t("exception.end_sure")} busy=${send.busy} onSure=${send.run} />
      <${Fault} error=${send.error} />
    </td>`}
  </tr>`;
}

const KINDS = ["device", "host", "domain", "terminal", "employee", "account", "card", "program", "file", "log"];

/* Not of an incident: who knows what comes says so before. */
function ByHand({ onMade }) {
  const [sites, setSites] = useState([]);
  const [is, setIs] = useState({ site: "", detector: "", kind: "device", id: "", peer: "" });
  const set = (key) => (event) => setIs({ ...is, [key]: event.target.value });
  const site = sites.find((s) => s.id === is.site);
  const about = {
    site,
    detector: is.detector.trim(),
    subject: is.id.trim() ? { kind: is.kind, id: is.id.trim() } : null,
    peer: is.peer.trim() ? { id: is.peer.trim() } : null,
  };
  const open = (event) => {
    if (event.target.open && sites.length === 0) get("/api/sites").then((a) => setSites(a.items), () => {});
  };
  return html`<details class="panel by-hand" onToggle=${open}>
    <summary>${t("exception.by_hand")}</summary>
    <div class="pair even">
      <label class="field">
        ${t("incidents.site")}
        <select value=${is.site} onChange=${set("site")}>
          <option value=""></option>
          ${sites.map((s) => html`<option value=${s.id}>${s.name}</option>`)}
        </select>
      </label>
      <${Field} label=${t("incidents.detector")} name="detector" placeholder="net.scan" value=${is.detector} onInput=${set("detector")} />
      <label class="field">
        ${t("exception.of_kind")}
        <select value=${is.kind} onChange=${set("kind")}>
          ${KINDS.map((k) => html`<option value=${k}>${t(`excused.${k}`)}</option>`)}
        </select>
      </label>
      <${Field} label=${t("exception.of")} name="subject" value=${is.id} onInput=${set("id")} />
      <${Field} label=${t("exception.peer")} name="peer" value=${is.peer} onInput=${set("peer")} />
    </div>
    ${site &&
    /^[a-z0-9_]+\.[a-z0-9_.]+$/.test(about.detector) &&
    html`<${ExceptionForm} about=${about} key=${JSON.stringify(about)} onMade=${onMade} />`}
  </details>`;
}

export function Exceptions() {
  const state = route.value.query.state === "over" ? "over" : "active";
  const load = useLoad(() => get("/api/exceptions", { state }), [state], 60);
  const items = load.data && load.data.items;
  const columns = ["about", "where", "until", "held", "told", "by"];
  return html`
    <${Heading}>${t("exception.title")}<//>
    <${TriageNav} />
    <p class="hint">${t("exception.hint")}</p>
    <form class="filters" onSubmit=${(e) => e.preventDefault()}>
      <${Choice} label=${t("incidents.state")} value=${state} onChange=${(v) => setQuery({ state: v })}>
        ${["active", "over"].map((s) => html`<option value=${s}>${t(`exception.${s}`)}</option>`)}
      <//>
    </form>
    ${mayTriage() && html`<${ByHand} onMade=${load.reload} />`}
    <${Waiting} load=${load} />
    ${items && items.length === 0
      ? html`<${Empty} icon="info" title=${t("exception.none")}>${t("exception.none_more")}<//>`
      : null}
    ${items && items.length > 0
      ? html`<table class="cards" aria-label=${t("exception.title")}>
          <thead>
            <tr>
              ${columns.map((c) => html`<th scope="col">${t(`exception.${c}`)}</th>`)}
              ${mayTriage() && state === "active" && html`<th scope="col"><span class="hidden">${t("exception.end")}</span></th>`}
            </tr>
          </thead>
          <tbody>
            ${items.map(
              (item) => html`<${Row} item=${item} over=${state === "over"} key=${item.id} onEnded=${load.reload} />`,
            )}
          </tbody>
        </table>`
      : null}
  `;
}
