// SPDX-License-Identifier: Apache-2.0
// All shops by customer; new shops and customers.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { count, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayFleet, mayPeople } from "../rights.js";
import { address, go } from "../router.js";
import { me } from "../state.js";
import { Ago } from "../time.js";
import { Fault, Field, Told, useSend } from "../parts/form.js";
import { Icon } from "../parts/icons.js";
import { Empty, Heading, Panel, Waiting } from "../parts/page.js";
import { Severity } from "../parts/severity.js";
import { SettingsPanel } from "../parts/settings.js";
import { SiteForm } from "../parts/site_form.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const Row = ({ site }) =>
  html`<li>
    <a class="row" href=${address(["sites", site.id])}>
      <span class="row-main">
        <strong>${site.name}</strong>
        <small>${t("sites.agents", { n: site.agents })} · ${t("overview.seen")}: <${Ago} at=${site.last_seen} /></small>
      </span>
      ${site.open > 0
        ? html`<span class="row-count">${t("incidents.shown", { n: site.open })}</span>
            <${Severity} is=${site.worst} />`
        : html`<span class="calm"><${Icon} name="check" />${t("overview.calm")}</span>`}
    </a>
  </li>`;

function Name({ tenant, onSaved }) {
  const [name, setName] = useState(tenant ? tenant.name : "");
  const { busy, error, done, run } = useSend(
    () => post(tenant ? `/api/tenants/${tenant.id}` : "/api/tenants", { name: name.trim() }),
    () => {
      if (!tenant) setName("");
      onSaved();
    },
  );
  return html`<form
    class="inline"
    onSubmit=${(e) => {
      e.preventDefault();
      run();
    }}
  >
    <${Field}
      label=${t("sites.tenant_name")}
      name="name"
      error=${error}
      required
      maxlength="128"
      value=${name}
      onInput=${(e) => setName(e.target.value)}
    />
    <button type="submit" disabled=${busy}>${tenant ? t("save") : t("sites.tenant_add")}</button>
    <${Fault} error=${error} fields=${["name"]} />
    <${Told}>${done ? t("saved") : ""}<//>
  </form>`;
}

const Tenant = ({ tenant, sites, onSaved }) =>
  html`<${Panel} title=${tenant.name} hint=${t("sites.count", { n: sites.length })}>
    ${sites.length === 0
      ? html`<p class="hint">${t("sites.none_of")}</p>`
      : html`<ul class="rows">
          ${sites.map((s) => html`<${Row} site=${s} key=${s.id} />`)}
        </ul>`}
    ${mayPeople() &&
    html`<details class="more-of">
      <summary>${t("sites.rename")}</summary>
      <${Name} tenant=${tenant} onSaved=${onSaved} />
    </details>`}
    ${mayFleet() &&
    html`<${SettingsPanel} title=${t("settings.of_tenant")} level=${{ tenant: tenant.id }} kind="more-of" />`}
  <//>`;

const Adding = ({ tenants, onSaved }) =>
  html`<aside>
    ${mayFleet() &&
    tenants.length > 0 &&
    html`<details class="panel adding" open=${tenants.every((x) => x.sites === 0)}>
      <summary>${t("site.add")}</summary>
      <${SiteForm} tenants=${tenants} onSaved=${(site) => go(["sites", site.id])} />
    </details>`}
    ${mayPeople() &&
    html`<details class="panel adding" open=${tenants.length === 0}>
      <summary>${t("sites.tenant_new")}</summary>
      <${Name} onSaved=${onSaved} />
    </details>`}
    ${mayFleet() && me.value.seesAll && html`<${SettingsPanel} title=${t("settings.of_all")} level=${{}} />`}
  </aside>`;

export function Sites() {
  const [text, setText] = useState("");
  const load = useLoad(
    () => Promise.all([get("/api/tenants"), get("/api/sites")]).then(([x, y]) => [x.items, y.items]),
    [],
    60,
  );
  const [tenants, sites] = load.data || [[], []];
  const wanted = plain(text.trim());
  const shown = sites.filter((s) => plain(`${s.name} ${s.tenant}`).includes(wanted));
  const groups = tenants
    .map((tenant) => [tenant, shown.filter((s) => s.tenant_id === tenant.id)])
    .filter(([, mine]) => !wanted || mine.length > 0);
  return html`
    <${Heading}>${t("sites.title")}<//>
    ${sites.length > 5 &&
    html`<form class="filters" onSubmit=${(e) => e.preventDefault()}>
      <label class="filter filter-search">
        <span>${t("incidents.search")}</span>
        <input type="search" value=${text} onInput=${(e) => setText(e.target.value)} />
      </label>
    </form>`}
    <${Waiting} load=${load} />
    ${load.data &&
    html`<p class="hidden" role="status">${count(shown.length)}</p>
      <div class="columns">
        <div>
          ${tenants.length === 0 && html`<${Empty} icon="info" title=${t("sites.none")} />`}
          ${groups.map(
            ([tenant, mine]) =>
              html`<${Tenant} tenant=${tenant} sites=${mine} onSaved=${load.reload} key=${tenant.id} />`,
          )}
        </div>
        <${Adding} tenants=${tenants} onSaved=${load.reload} />
      </div>`}
  `;
}
