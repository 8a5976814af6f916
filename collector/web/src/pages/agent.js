// SPDX-License-Identifier: Apache-2.0
// One agent: how it is, its sensors and what they lost, its certificates, who uses its identity.
import { html } from "htm/preact";
import { get, post } from "../api.js";
import { count, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { address, go } from "../router.js";
import { mayFleet } from "../rights.js";
import { Ago, Time } from "../time.js";
import { AgentState, sensorState, Worries, worries } from "../parts/agent_state.js";
import { named } from "../parts/facts.js";
import { Fault, Sure, useSend } from "../parts/form.js";
import { Icon } from "../parts/icons.js";
import { Heading, Panel, Scroll, Waiting } from "../parts/page.js";

const bytes = (n) => (n > 1048576 ? `${count(Math.round(n / 1048576))} MiB` : `${count(n)} B`);

const Line = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;

function About({ agent }) {
  const zone = agent.site.zone;
  const bundle = agent.status?.bundle;
  return html`<dl class="summary">
    <${Line} name=${t("agents.site")}>
      <a href=${address(["sites", agent.site.id])}>${agent.site.name}</a>
    <//>
    <${Line} name=${t("site.tenant")}>${agent.tenant}<//>
    <${Line} name=${t("agents.seen")}><${Ago} at=${agent.last_seen} /><//>
    <${Line} name=${t("agents.enrolled")}><${Time} at=${agent.enrolled} zone=${zone} /><//>
    <${Line} name=${t("agents.version")}>${agent.version || t("none")}<//>
    <${Line} name=${t("agents.bundle")}>
      ${agent.bundle > 0 ? String(agent.bundle) : agent.bundle === 0 ? t("agents.bundle_own") : t("none")}
      ${bundle?.refused?.why && html`<br /><small>${bundle.refused.why}</small>`}
    <//>
    <${Line} name=${t("agents.last_seq")}>${agent.last_seq === null ? t("none") : count(agent.last_seq)}<//>
    ${agent.refused > 0 && html`<${Line} name=${t("agents.refused")}>${count(agent.refused)}<//>`}
    ${agent.moved > 0 &&
    html`<${Line} name=${t("agents.moved")}>
      ${count(agent.moved)} (<${Time} at=${agent.moved_last} zone=${zone} />)<br /><small>${t("agents.moved_do")}</small>
    <//>`}
    <${Line} name=${t("agents.sandbox")}>
      ${agent.status?.sandbox === undefined ? t("none") : agent.status.sandbox ? t("yes") : t("no")}
    <//>
    ${agent.status?.store?.bytes > 0 &&
    html`<${Line} name=${t("agents.store")}>${bytes(agent.status.store.bytes)}<//>`}
    <${Line} name=${t("agents.id")}><code>${agent.id}</code><//>
  </dl>`;
}

const drops = (sensor) =>
  Object.entries(sensor.drops || {})
    .map(([key, n]) => `${named(key)}: ${count(n)}`)
    .join(", ");

const Sensors = ({ sensors }) =>
  html`<${Panel} title=${t("agents.sensors")}>
    ${sensors.length === 0
      ? html`<p class="hint">${t("agents.sensors_none")}</p>`
      : html`<${Scroll} label=${t("agents.sensors")}>
          <table>
            <thead>
              <tr>
                ${["sensor", "state", "restarts", "lost", "error"].map(
                  (c) => html`<th scope="col">${t(`agents.${c}`)}</th>`,
                )}
              </tr>
            </thead>
            <tbody>
              ${sensors.map(
                (s) => html`<tr>
                  <th scope="row"><code>${s.name}</code></th>
                  <td>${sensorState(s.state)}</td>
                  <td>${count(s.restarts)}</td>
                  <td>${drops(s) || t("none")}</td>
                  <td>${s.error || t("none")}</td>
                </tr>`,
              )}
            </tbody>
          </table>
        <//>`}
  <//>`;

const Certs = ({ agent }) =>
  html`<${Panel} title=${t("agents.certs")}>
    <${Scroll} label=${t("agents.certs")}>
      <table>
        <thead>
          <tr>
            ${["fingerprint", "issued", "cert"].map((c) => html`<th scope="col">${t(`agents.${c}`)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${agent.certs.map(
            (c) => html`<tr>
              <th scope="row"><code title=${c.fingerprint}>${c.fingerprint.slice(0, 16)}…</code></th>
              <td><${Time} at=${c.issued} zone=${agent.site.zone} /></td>
              <td><${Time} at=${c.not_after} zone=${agent.site.zone} /></td>
            </tr>`,
          )}
        </tbody>
      </table>
    <//>
  <//>`;

/* Who spoke with its certificate: more than one machine, or stores that alternate, is a copy. */
const Faces = ({ agent }) =>
  html`<${Panel} title=${t("agents.faces")} hint=${t("agents.faces_hint")}>
    <${Scroll} label=${t("agents.faces")}>
      <table>
        <thead>
          <tr>
            ${["face", "name", "from", "first", "last"].map((c) => html`<th scope="col">${t(`agents.${c}`)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${agent.faces.map(
            (f) => html`<tr>
              <th scope="row">${t(`agents.face_${f.kind}`)} <code title=${f.value}>${f.value.slice(0, 8)}</code></th>
              <td>${f.host || t("none")}</td>
              <td>${f.address || t("none")}</td>
              <td><${Time} at=${f.first} zone=${agent.site.zone} /></td>
              <td><${Time} at=${f.last} zone=${agent.site.zone} /></td>
            </tr>`,
          )}
        </tbody>
      </table>
    <//>
  <//>`;

function Ending({ agent, onChanged }) {
  const act = useSend(
    (action) => post(`/api/agents/${agent.id}`, { action }),
    (answer) => (answer.id ? onChanged(answer) : go(["agents"])),
  );
  const revoked = agent.state === "revoked";
  const word = revoked ? "remove" : "revoke";
  return html`<${Panel} title=${t("agents.end")} hint=${t(`agents.${word}_hint`)}>
    <${Sure}
      label=${t(`agents.${word}`)}
      question=${t(`agents.${word}_sure`)}
      busy=${act.busy}
      onSure=${() => act.run(word)}
      key=${word}
    />
    <${Fault} error=${act.error} />
  <//>`;
}

export function Agent({ id }) {
  const load = useLoad(() => get(`/api/agents/${encodeURIComponent(id)}`), [id], 30);
  const agent = load.data;
  return html`
    <p class="back">
      <a href=${address(["agents"])}><${Icon} name="arrowLeft" />${t("agents.title")}</a>
    </p>
    <${Waiting} load=${load} />
    ${agent &&
    html`<${Heading}>${agent.name || agent.id.slice(0, 8)}<//>
      <p class="lead worries"><${AgentState} is=${agent.state} /><${Worries} agent=${agent} /></p>
      ${agent.silent &&
      html`<p><a href=${address(["incidents", agent.silent])}>${t("agents.silent_incident")}</a></p>`}
      ${worries(agent).some(([severity]) => severity === "high") &&
      html`<div class="notice" role="note"><${Icon} name="triangle" /><p>${t("agents.cloned_do")}</p></div>`}
      <div class="columns">
        <div>
          <${Sensors} sensors=${agent.sensors} />
          <${Certs} agent=${agent} />
          ${agent.faces.length > 0 && html`<${Faces} agent=${agent} />`}
        </div>
        <aside>
          <section class="panel"><${About} agent=${agent} /></section>
          ${mayFleet() && html`<${Ending} agent=${agent} onChanged=${load.setData} />`}
        </aside>
      </div>`}
  `;
}
