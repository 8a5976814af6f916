// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { get } from "../api.js";
import { count, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayFleet } from "../rights.js";
import { address } from "../router.js";
import { Ago, dayLong } from "../time.js";
import { DaysChart } from "../parts/chart.js";
import { Icon } from "../parts/icons.js";
import { Empty, Heading, Panel, Scroll, Waiting } from "../parts/page.js";
import { ServiceHealth } from "../parts/service_health.js";
import { SEVERITIES, Severity } from "../parts/severity.js";

function Open({ open }) {
  if (SEVERITIES.every((s) => !open[s]))
    return html`<${Empty} title=${t("overview.calm")}>${t("overview.calm_more")}<//>`;
  return html`<ul class="tiles" aria-label=${t("overview.open")}>
    ${SEVERITIES.map(
      (s) => html`<li>
        <a class="tile ${s} ${open[s] ? "" : "zero"}" href=${address(["incidents"], { severity: s })}>
          <span class="tile-count">${count(open[s] || 0)}</span>
          <${Severity} is=${s} />
        </a>
      </li>`,
    )}
  </ul>`;
}

const total = (day) => SEVERITIES.reduce((sum, s) => sum + (day[s] || 0), 0);

function Days({ days }) {
  const busy = days.filter((d) => total(d) > 0).reverse();
  if (busy.length === 0)
    return html`<${Panel} title=${t("overview.days")} kind="wide">
      <${Empty} title=${t("overview.days_none")} />
    <//>`;
  return html`<${Panel} title=${t("overview.days")} kind="wide">
    <div class="chart-and-table">
      <div>
        <${DaysChart} days=${days} />
        <ul class="legend" aria-hidden="true">
          ${SEVERITIES.map((s) => html`<li class=${s}>${t(`severity.${s}`)}</li>`)}
        </ul>
      </div>
      <${Scroll} label=${t("overview.days_table")}>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">${t("overview.day")}</th>
              ${SEVERITIES.map((s) => html`<th scope="col">${t(`severity.${s}`)}</th>`)}
              <th scope="col">${t("overview.total")}</th>
            </tr>
          </thead>
          <tbody>
            ${busy.map(
              (day) => html`<tr>
                <th scope="row">${dayLong(day.day)}</th>
                ${SEVERITIES.map((s) => html`<td>${day[s] ? count(day[s]) : t("none")}</td>`)}
                <td>${count(total(day))}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      <//>
    </div>
  <//>`;
}

const rank = (site) => {
  const at = SEVERITIES.indexOf(site.worst);
  return at < 0 ? SEVERITIES.length : at;
};

function Sites({ sites }) {
  const sorted = [...sites].sort((a, b) => rank(a) - rank(b) || b.open - a.open);
  return html`<${Panel} title=${t("overview.sites")}>
    ${sites.length === 0
      ? html`<p class="hint">${t("overview.sites_none")}</p>`
      : html`<ul class="rows">
          ${sorted.map(
            (site) => html`<li>
              <a class="row" href=${address(["sites", site.id])}>
                <span class="row-main">
                  <strong>${site.name}</strong>
                  <small>${t("overview.seen")}: <${Ago} at=${site.last_seen} /></small>
                </span>
                ${site.open > 0
                  ? html`<span class="row-count">${t("incidents.shown", { n: site.open })}</span>
                      <${Severity} is=${site.worst} />`
                  : html`<span class="calm"><${Icon} name="check" />${t("overview.calm")}</span>`}
              </a>
            </li>`,
          )}
        </ul>`}
  <//>`;
}

function Detectors({ detectors }) {
  const most = Math.max(1, ...detectors.map((d) => d.count));
  return html`<${Panel} title=${t("overview.detectors")} hint=${t("overview.detectors_hint")}>
    ${detectors.length === 0
      ? html`<p class="hint">${t("overview.detectors_none")}</p>`
      : html`<ul class="rows meters">
          ${detectors.slice(0, 8).map(
            (d) => html`<li>
              <a class="row" href=${address(["incidents"], { detector: d.detector, state: "all" })}>
                <span class="row-main"><code>${d.detector}</code></span>
                <progress max=${most} value=${d.count} aria-hidden="true"></progress>
                <span class="row-number">${count(d.count)}</span>
              </a>
            </li>`,
          )}
        </ul>
        <p class="further"><a href=${address(["noise"])}>${t("noise.title")}</a></p>`}
  <//>`;
}

const Line = ({ icon, good, children }) =>
  html`<li class="line ${good ? "good" : "bad"}"><${Icon} name=${icon} /><span>${children}</span></li>`;

function Health({ agents, mails }) {
  return html`<${Panel} title=${t("overview.health")}>
    <ul class="lines">
      <${Line} icon="monitor" good=${agents.total > 0}>
        ${agents.total > 0 ? t("overview.agents_line", agents) : t("overview.agents_none")}
      <//>
      <${Line} icon=${agents.silent ? "wifiOff" : "wifi"} good=${!agents.silent}>
        ${agents.silent ? t("overview.silent", { n: agents.silent }) : t("overview.silent_none")}
      <//>
      <${Line} icon="mail" good=${true}>
        ${mails.queued ? t("overview.queued", { n: mails.queued }) : t("overview.queued_none")}
      <//>
      <${Line} icon=${mails.failed ? "mailX" : "check"} good=${!mails.failed}>
        ${mails.failed ? t("overview.failed", { n: mails.failed }) : t("overview.failed_none")}
      <//>
      ${mayFleet() && html`<${ServiceHealth} />`}
    </ul>
  <//>`;
}

export function Overview() {
  const load = useLoad(() => get("/api/overview"), [], 30, () => true);
  const { data } = load;
  return html`
    <${Heading}>${t("overview.title")}<//>
    <${Waiting} load=${load} />
    ${data &&
    html`<${Open} open=${data.open} />
      <div class="grid">
        <${Days} days=${data.days} />
        <${Sites} sites=${data.sites} />
        <div class="stack">
          <${Health} agents=${data.agents} mails=${data.mails} />
          <${Detectors} detectors=${data.detectors} />
        </div>
      </div>`}
  `;
}
