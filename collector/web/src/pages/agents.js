// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { get } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { address, route, setQuery } from "../router.js";
import { Ago, Time } from "../time.js";
import { AgentState, certDays, sensorState, Worries, worries } from "../parts/agent_state.js";
import { Choice, Search } from "../parts/filters.js";
import { Empty, Heading, Waiting } from "../parts/page.js";

const STATES = ["online", "silent", "revoked", "never"];

const Row = ({ agent }) =>
  html`<tr>
    <th scope="row"><a href=${address(["agents", agent.id])}>${agent.name || agent.id.slice(0, 8)}</a></th>
    <td data-label=${t("agents.site")}>
      <a href=${address(["sites", agent.site.id])}>${agent.site.name}</a>
    </td>
    <td data-label=${t("agents.state")}>
      <span class="worries"><${AgentState} is=${agent.state} /><${Worries} agent=${agent} /></span>
    </td>
    <td data-label=${t("agents.seen")}><${Ago} at=${agent.last_seen} /></td>
    <td data-label=${t("agents.version")}>
      <span>${agent.version || t("none")}${agent.bundle > 0
        ? html`<br /><small>${t("agents.rules", { version: String(agent.bundle) })}</small>`
        : null}</span>
    </td>
    <td data-label=${t("agents.sensors")}>
      ${agent.sensors.length === 0
        ? t("none")
        : html`<span>
            ${agent.sensors.map((s) => html`<span class="sensor"><code>${s.name}</code> ${sensorState(s.state)}</span>`)}
          </span>`}
    </td>
    <td data-label=${t("agents.cert")} class=${certDays(agent) < 14 ? "soon" : ""}>
      <${Time} at=${agent.cert_not_after} zone=${agent.site.zone} />
    </td>
  </tr>`;

export const AgentTable = ({ items }) =>
  html`<table class="cards" aria-label=${t("agents.title")}>
    <thead>
      <tr>
        ${["name", "site", "state", "seen", "version", "sensors", "cert"].map(
          (c) => html`<th scope="col">${t(`agents.${c}`)}</th>`,
        )}
      </tr>
    </thead>
    <tbody>
      ${items.map((agent) => html`<${Row} agent=${agent} key=${agent.id} />`)}
    </tbody>
  </table>`;

export function Agents() {
  const query = route.value.query;
  const { trouble, ...asked } = query;
  const load = useLoad(() => get("/api/agents", asked), [JSON.stringify(asked)], 30);
  const all = load.data && load.data.items;
  const items = all && (trouble ? all.filter((a) => worries(a).length > 0) : all);
  const change = (key) => (value) => setQuery({ ...query, [key]: value });
  const filtered = query.q || query.state || query.site || trouble;
  return html`
    <${Heading}>${t("agents.title")}<//>
    <form class="filters" aria-label=${t("agents.filters")} onSubmit=${(e) => e.preventDefault()}>
      <${Search} query=${query} hint=${t("agents.search_hint")} />
      <${Choice} label=${t("agents.state")} value=${query.state} onChange=${change("state")}>
        <option value="">${t("incidents.any_m")}</option>
        ${STATES.map((s) => html`<option value=${s}>${t(`agents.${s}`)}</option>`)}
      <//>
      <${Choice} label=${t("agents.trouble")} value=${trouble} onChange=${change("trouble")}>
        <option value="">${t("agents.trouble_all")}</option>
        <option value="1">${t("agents.trouble_only")}</option>
      <//>
      ${filtered &&
      html`<button type="button" class="quiet" onClick=${() => setQuery({})}>${t("incidents.clear")}</button>`}
    </form>
    <${Waiting} load=${load} />
    ${items && items.length === 0
      ? filtered
        ? html`<${Empty} icon="info" title=${t("agents.none_filter")} />`
        : html`<${Empty} icon="monitor" title=${t("agents.none")}>${t("agents.none_more")}<//>`
      : null}
    ${items && items.length > 0 ? html`<${AgentTable} items=${items} />` : null}
    ${load.data && load.data.more && html`<p class="hint">${t("agents.more")}</p>`}
  `;
}
