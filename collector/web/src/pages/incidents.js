// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get, post } from "../api.js";
import { language, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayTriage } from "../rights.js";
import { address, route } from "../router.js";
import { Time } from "../time.js";
import { Bulk } from "../parts/bulk.js";
import { Filters, isFiltered } from "../parts/filters.js";
import { Icon } from "../parts/icons.js";
import { useKeys } from "../parts/keys.js";
import { Empty, Heading, Waiting } from "../parts/page.js";
import { Severity, State } from "../parts/severity.js";
import { TriageNav } from "../parts/triage_nav.js";
import { Views } from "../parts/views.js";

const PAGE = 50;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const Item = ({ item, chosen, onChoose }) =>
  html`<li class=${chosen ? "chosen" : ""}>
    ${onChoose &&
    html`<label class="choose">
      <input type="checkbox" checked=${chosen} onChange=${onChoose} aria-label=${t("bulk.choose", { title: item.title })} />
    </label>`}
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
        ${item.assignee && html`<span class="who-has"><${Icon} name="user" />${item.assignee.name}</span>`}
        ${item.count > 1 ? html`<span>${t("incidents.times", { n: item.count })}</span>` : null}
        <code>${item.detector}</code>
      </span>
    </a>
  </li>`;

/* The list with its further pages. */
function useList(query) {
  const [more, setMore] = useState(null); // pages after the first: {items, next, busy}
  const key = JSON.stringify([query, language.value]);
  const ask = (cursor) => get("/api/incidents", { ...query, zone, limit: PAGE, cursor });
  const load = useLoad(() => ask(), [key], 60, () => true);
  const fresh = load.data ? load.data.items : [];
  const known = new Set(fresh.map((i) => i.id));
  const items = [...fresh, ...(more ? more.items.filter((i) => !known.has(i.id)) : [])];
  const next = more ? more.next : load.data && load.data.next;

  useEffect(() => setMore(null), [key]);
  async function showMore() {
    const before = more ? more.items : [];
    setMore({ items: before, next, busy: true });
    try {
      const page = await ask(next);
      setMore({ items: [...before, ...page.items], next: page.next, busy: false });
    } catch {
      setMore({ items: before, next, busy: false });
    }
  }
  return { load, items, next, busy: Boolean(more && more.busy), showMore };
}

export function Incidents() {
  const { find, ...asked } = route.value.query;
  const query = { state: "open", ...asked };
  const list = useRef(null);
  const bulkFirst = useRef(null);
  const lastAt = useRef(0); // where the focus was, for when its row has gone
  const [chosen, setChosen] = useState(new Set());
  const [told, setTold] = useState("");
  const { load, items, next, busy, showMore } = useList(query);
  const ids = items.map((i) => i.id).filter((id) => chosen.has(id));

  const links = () => [...(list.current?.querySelectorAll("a.incident") || [])];
  const at = () => {
    const here = document.activeElement?.closest("li");
    return links().findIndex((a) => here && here.contains(a));
  };
  const move = (to) => {
    const all = links();
    lastAt.current = Math.max(0, Math.min(to, all.length - 1));
    all[lastAt.current]?.focus();
  };
  const toggle = (id) => {
    const fresh = new Set(chosen);
    if (!fresh.delete(id)) fresh.add(id);
    setChosen(fresh);
  };
  /* Those that are chosen, or else the one that has the focus. */
  const meant = () => {
    const here = links()[at()]?.dataset.id;
    return ids.length > 0 ? ids : here ? [here] : [];
  };
  const changed = (n) => {
    setTold(t("bulk.changed", { n }));
    setChosen(new Set());
    load.reload().then(() => setTimeout(() => move(lastAt.current)));
  };

  useKeys({
    j: () => move(at() + 1),
    k: () => move(at() - 1),
    x: () => mayTriage() && at() >= 0 && toggle(links()[at()].dataset.id),
    X: () => mayTriage() && setChosen(new Set(ids.length === items.length ? [] : items.map((i) => i.id))),
    a: () => {
      const those = meant();
      if (!mayTriage() || those.length === 0) return false;
      lastAt.current = Math.max(0, at());
      post("/api/triage", { ids: those, assignee: "me" }).then(
        (answer) => changed(answer.changed),
        () => setTold(t("bulk.failed")),
      );
      return true;
    },
    e: () => {
      const those = meant();
      if (!mayTriage() || those.length === 0) return false;
      lastAt.current = Math.max(0, at());
      setChosen(new Set(those));
      setTimeout(() => bulkFirst.current?.focus());
      return true;
    },
    Escape: () => {
      if (ids.length === 0) return false;
      setChosen(new Set());
      move(lastAt.current);
      return true;
    },
  });
  useEffect(() => {
    if (find) document.querySelector("input[type=search]")?.focus();
  }, [find]);

  return html`
    <${Heading}>${t("incidents.title")}<//>
    <${TriageNav} />
    <${Filters} query=${query} />
    <${Views} query=${query} savable=${isFiltered(query)} />
    <${Waiting} load=${load} />
    <p class="hidden" role="status">${load.data && t("incidents.shown", { n: items.length })}</p>
    <p class="told" role="status">${told}</p>
    ${load.data && items.length === 0
      ? isFiltered(query)
        ? html`<${Empty} icon="info" title=${t("incidents.none_filter")} />`
        : html`<${Empty} title=${t("incidents.none")}>${t("incidents.none_more")}<//>`
      : html`<ul class="incidents ${mayTriage() ? "choosable" : ""}" ref=${list} aria-label=${t("incidents.list")}>
          ${items.map(
            (item) =>
              html`<${Item}
                item=${item}
                key=${item.id}
                chosen=${chosen.has(item.id)}
                onChoose=${mayTriage() ? () => toggle(item.id) : undefined}
              />`,
          )}
        </ul>`}
    ${next &&
    html`<button type="button" class="outline more" disabled=${busy} onClick=${showMore}>${t("incidents.more")}</button>`}
    ${items.length > 0 && html`<p class="hint keys">${t("incidents.keys")}</p>`}
    ${ids.length > 0 &&
    html`<${Bulk} ids=${ids} first=${bulkFirst} onDone=${changed} onClear=${() => setChosen(new Set())} />`}
  `;
}
