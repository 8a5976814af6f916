// SPDX-License-Identifier: Apache-2.0
// One shop: what is open, its agents, letting PCs in, and what is to be known of it.
import { html } from "htm/preact";
import { get } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayFleet } from "../rights.js";
import { address } from "../router.js";
import { Ago, Time } from "../time.js";
import { AgentState, Worries } from "../parts/agent_state.js";
import { Enrol } from "../parts/enrol.js";
import { Icon } from "../parts/icons.js";
import { Empty, Heading, Panel, Waiting } from "../parts/page.js";
import { Severity } from "../parts/severity.js";
import { SettingsPanel } from "../parts/settings.js";
import { SiteFigures } from "../parts/site_figures.js";
import { SiteForm } from "../parts/site_form.js";

const SHOWN = 8;

function Open({ site }) {
  const load = useLoad(() => get("/api/incidents", { site: site.id, state: "open", limit: SHOWN }), [site.id], 60);
  const items = load.data ? load.data.items : [];
  return html`<${Panel} title=${t("overview.open")}>
    <${Waiting} load=${load} />
    ${load.data && items.length === 0 && html`<${Empty} title=${t("overview.calm")} />`}
    ${items.length > 0 &&
    html`<ul class="rows">
        ${items.map(
          (i) => html`<li key=${i.id}>
            <a class="row" href=${address(["incidents", i.id])}>
              <span class="row-main">
                <strong>${i.title}</strong>
                <small><${Time} at=${i.last} zone=${site.zone} /></small>
              </span>
              <${Severity} is=${i.severity} />
            </a>
          </li>`,
        )}
      </ul>
      <p class="more-of">
        <a href=${address(["incidents"], { site: site.id, state: "all" })}>${t("site.all_incidents")}</a>
      </p>`}
  <//>`;
}

function Fleet({ site }) {
  const load = useLoad(() => get("/api/agents", { site: site.id }), [site.id], 30);
  const items = load.data ? load.data.items : [];
  return html`<${Panel} title=${t("agents.title")}>
    <${Waiting} load=${load} />
    ${load.data && items.length === 0 && html`<p class="hint">${t("site.no_agents")}</p>`}
    <ul class="rows">
      ${items.map(
        (a) => html`<li key=${a.id}>
          <a class="row" href=${address(["agents", a.id])}>
            <span class="row-main">
              <strong>${a.name || a.id.slice(0, 8)}</strong>
              <small>${t("overview.seen")}: <${Ago} at=${a.last_seen} /></small>
            </span>
            <span class="worries"><${Worries} agent=${a} /><${AgentState} is=${a.state} /></span>
          </a>
        </li>`,
      )}
    </ul>
  <//>`;
}

export function Site({ id }) {
  const load = useLoad(() => get(`/api/sites/${encodeURIComponent(id)}`), [id]);
  const site = load.data;
  return html`
    <p class="back">
      <a href=${address(["sites"])}><${Icon} name="arrowLeft" />${t("sites.title")}</a>
    </p>
    <${Waiting} load=${load} />
    ${site &&
    html`<${Heading}>${site.name}<//>
      <p class="lead">${site.tenant} · ${site.zone}${site.mail ? ` · ${site.mail}` : ""}</p>
      <div class="columns">
        <div>
          <${Open} site=${site} />
          <${SiteFigures} site=${site} />
          <${Fleet} site=${site} />
        </div>
        <aside>
          ${mayFleet() &&
          html`<${Enrol} site=${site} />
            <details class="panel adding">
              <summary>${t("site.change")}</summary>
              <${SiteForm} site=${site} onSaved=${load.setData} />
            </details>
            <${SettingsPanel} title=${t("settings.of_site")} level=${{ site: site.id }} />`}
        </aside>
      </div>`}
  `;
}
