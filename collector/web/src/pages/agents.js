// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { get } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { Ago, Time } from "../time.js";
import { Icon } from "../parts/icons.js";
import { Empty, Heading, Waiting } from "../parts/page.js";

const ICONS = { online: "wifi", silent: "wifiOff", revoked: "circleAlert", never: "info" };

const AgentState = ({ is }) =>
  html`<span class="agent-state ${is}"><${Icon} name=${ICONS[is] || "info"} />${t(`agents.${is}`)}</span>`;

const Row = ({ agent }) =>
  html`<tr>
    <th scope="row">${agent.name}</th>
    <td data-label=${t("agents.site")}>${agent.site.name}</td>
    <td data-label=${t("agents.state")}><${AgentState} is=${agent.state} /></td>
    <td data-label=${t("agents.seen")}><${Ago} at=${agent.last_seen} /></td>
    <td data-label=${t("agents.version")}>${agent.version || t("none")}${agent.bundle > 0
        ? html`<br /><small>${t("agents.rules", { version: String(agent.bundle) })}</small>`
        : null}</td>
    <td data-label=${t("agents.sensors")}>
      ${(agent.sensors || []).length === 0
        ? t("none")
        : html`<span>
            ${agent.sensors.map(
              (s) => html`<span class="sensor"><code>${s.name}</code> ${s.state} </span>`,
            )}
          </span>`}
    </td>
    <td data-label=${t("agents.cert")}><${Time} at=${agent.cert_not_after} zone=${agent.site.zone} /></td>
  </tr>`;

export function Agents() {
  const load = useLoad(() => get("/api/agents"), [], 30);
  const items = load.data && load.data.items;
  return html`
    <${Heading}>${t("agents.title")}<//>
    <${Waiting} load=${load} />
    ${items && items.length === 0
      ? html`<${Empty} icon="monitor" title=${t("agents.none")}>${t("agents.none_more")}<//>`
      : null}
    ${items && items.length > 0
      ? html`<table class="cards" aria-label=${t("agents.title")}>
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
        </table>`
      : null}
  `;
}
