// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { address, go, route } from "../router.js";
import { Time } from "../time.js";
import { Filters, isFiltered } from "../parts/filters.js";
import { Empty, Heading, Waiting } from "../parts/page.js";
import { Severity, State } from "../parts/severity.js";

const PAGE = 50;

/* j and k move, Enter opens (it is a link), e opens at the form. Not while somebody writes. */
function useKeys(list) {
  useEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      const links = [...(list.current?.querySelectorAll("a.incident") || [])];
      const at = links.indexOf(document.activeElement);
      if (event.key === "j") links[Math.min(at + 1, links.length - 1)]?.focus();
      else if (event.key === "k") links[Math.max(at - 1, 0)]?.focus();
      else if (event.key === "e" && at >= 0)
        go(["incidents", links[at].dataset.id], { edit: "1" });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const Item = ({ item }) =>
  html`<li>
    <a class="incident ${item.severity}" href=${address(["incidents", item.id])} data-id=${item.id}>
      <span class="incident-head">
        <${Severity} is=${item.severity} />
        <${State} is=${item.state} />
        <span class="incident-when"><${Time} at=${item.last} zone=${item.site.zone} /></span>
      </span>
      <strong class="incident-title">${item.title}</strong>
      <span class="incident-brief">${item.brief}</span>
      <span class="incident-foot">
        <span>${item.site.name}</span>
        ${item.count > 1 ? html`<span>${t("incidents.times", { n: item.count })}</span>` : null}
        <code>${item.detector}</code>
      </span>
    </a>
  </li>`;

export function Incidents() {
  const query = { state: "open", ...route.value.query };
  const list = useRef(null);
  const [more, setMore] = useState(null); // pages after the first: {items, next, busy}
  const key = JSON.stringify(query);
  const load = useLoad(() => get("/api/incidents", { ...query, limit: PAGE }), [key], 60);
  const items = load.data ? [...load.data.items, ...(more ? more.items : [])] : [];
  const next = more ? more.next : load.data && load.data.next;

  useKeys(list);
  useEffect(() => setMore(null), [key]);

  async function showMore() {
    const before = more ? more.items : [];
    setMore({ items: before, next, busy: true });
    try {
      const page = await get("/api/incidents", { ...query, limit: PAGE, cursor: next });
      setMore({ items: [...before, ...page.items], next: page.next, busy: false });
    } catch {
      setMore({ items: before, next, busy: false });
    }
  }

  return html`
    <${Heading}>${t("incidents.title")}<//>
    <${Filters} query=${query} />
    <${Waiting} load=${load} />
    <p class="hidden" role="status">
      ${load.data && t("incidents.shown", { n: items.length })}
    </p>
    ${load.data && items.length === 0
      ? isFiltered(query)
        ? html`<${Empty} icon="info" title=${t("incidents.none_filter")} />`
        : html`<${Empty} title=${t("incidents.none")}>${t("incidents.none_more")}<//>`
      : html`<ul class="incidents" ref=${list} aria-label=${t("incidents.list")}>
          ${items.map((item) => html`<${Item} item=${item} key=${item.id} />`)}
        </ul>`}
    ${next &&
    html`<button
      type="button"
      class="outline more"
      disabled=${more && more.busy}
      onClick=${showMore}
    >
      ${t("incidents.more")}
    </button>`}
    ${items.length > 0 && html`<p class="hint keys">${t("incidents.keys")}</p>`}
  `;
}
