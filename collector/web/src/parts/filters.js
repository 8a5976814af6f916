// SPDX-License-Identifier: Apache-2.0
// The filters of the incident list. They live in the address, so that a view can be shared.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.js";
import { t } from "../i18n.js";
import { setQuery } from "../router.js";
import { SEVERITIES } from "./severity.js";

const TYPING_PAUSE_MS = 300;

export const isFiltered = (query) =>
  query.state !== "open" || ["severity", "site", "detector", "assignee", "q"].some((k) => query[k]);

export const Choice = ({ label, value, onChange, children }) =>
  html`<label class="filter">
    <span>${label}</span>
    <select value=${value || ""} onChange=${(e) => onChange(e.target.value)}>
      ${children}
    </select>
  </label>`;

export function Search({ query, hint = t("incidents.search_hint") }) {
  const [text, setText] = useState(query.q || "");
  const timer = useRef(0);
  const latest = useRef(query);
  latest.current = query;
  useEffect(() => setText(query.q || ""), [query.q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (event) => {
    setText(event.target.value);
    clearTimeout(timer.current);
    const q = event.target.value.trim();
    timer.current = setTimeout(() => setQuery({ ...latest.current, q }), TYPING_PAUSE_MS);
  };
  return html`<label class="filter filter-search">
    <span>${t("incidents.search")}</span>
    <input type="search" maxlength="250" value=${text} placeholder=${hint} onInput=${type} />
  </label>`;
}

/* What the box understands, with examples that can be tried. */
const SearchHelp = ({ query }) =>
  html`<details class="search-help">
    <summary>${t("search.help")}</summary>
    <ul>
      ${["words", "phrase", "without", "detector", "device", "site", "severity", "state", "assignee", "dates"].map(
        (k) => html`<li>
          <button type="button" class="quiet" onClick=${() => setQuery({ ...query, q: t(`search.${k}`) })}>
            <code>${t(`search.${k}`)}</code>
          </button>
          <span>${t(`search.${k}_is`)}</span>
        </li>`,
      )}
    </ul>
  </details>`;

export function Filters({ query }) {
  const [sites, setSites] = useState([]);
  const change = (key) => (value) => setQuery({ ...query, [key]: value });

  useEffect(() => {
    get("/api/sites").then(
      (answer) => setSites(answer.items || answer.sites || []),
      () => {}, // the list itself tells of the trouble
    );
  }, []);

  return html`<form
    class="filters"
    aria-label=${t("incidents.filters")}
    onSubmit=${(e) => e.preventDefault()}
  >
    <${Search} query=${query} />
    <${Choice} label=${t("incidents.state")} value=${query.state} onChange=${change("state")}>
      ${["open", "resolved", "all"].map((s) => html`<option value=${s}>${t(`incidents.${s}`)}</option>`)}
    <//>
    <${Choice} label=${t("severity")} value=${query.severity} onChange=${change("severity")}>
      <option value="">${t("incidents.any")}</option>
      ${SEVERITIES.map((s) => html`<option value=${s}>${t(`severity.${s}`)}</option>`)}
    <//>
    ${(sites.length > 1 || query.site) &&
    html`<${Choice} label=${t("incidents.site")} value=${query.site} onChange=${change("site")}>
      <option value="">${t("incidents.any")}</option>
      ${sites.map((s) => html`<option value=${s.id}>${s.name}</option>`)}
    <//>`}
    <${Choice} label=${t("assign.to")} value=${query.assignee} onChange=${change("assignee")}>
      <option value="">${t("incidents.any_m")}</option>
      <option value="me">${t("assign.mine")}</option>
      <option value="none">${t("assign.nobody")}</option>
    <//>
    ${query.detector &&
    html`<${Choice} label=${t("incidents.detector")} value=${query.detector} onChange=${change("detector")}>
      <option value="">${t("incidents.any_m")}</option>
      <option value=${query.detector}>${query.detector}</option>
    <//>`}
    ${isFiltered(query) &&
    html`<button type="button" class="quiet" onClick=${() => setQuery({})}>
      ${t("incidents.clear")}
    </button>`}
    <${SearchHelp} query=${query} />
  </form>`;
}
