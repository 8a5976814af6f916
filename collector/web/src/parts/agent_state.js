// SPDX-License-Identifier: Apache-2.0
// How an agent is: its state, and what is to be worried about. Always with words.
import { html } from "htm/preact";
import { t } from "../i18n.js";
import { Icon } from "./icons.js";

const ICONS = { online: "wifi", silent: "wifiOff", revoked: "circleAlert", never: "info" };
const DAY_MS = 86400000;
const CERT_WARN_DAYS = 14;
const CLONE_WARN_DAYS = 7;

export const AgentState = ({ is }) =>
  html`<span class="agent-state ${is}"><${Icon} name=${ICONS[is] || "info"} />${t(`agents.${is}`)}</span>`;

/* A sensor's own word, where there is none of ours. */
export const sensorState = (state) => (t(`sensor.${state}`) === `sensor.${state}` ? state : t(`sensor.${state}`));

export const certDays = (agent) =>
  agent.cert_not_after ? Math.floor((new Date(agent.cert_not_after) - Date.now()) / DAY_MS) : null;

const wrong = (sensor) => !/^(running|starting|ending)$/.test(sensor.state);

/* [[severity, words]]: what somebody should look at. */
export function worries(agent) {
  const found = [];
  const days = certDays(agent);
  if (agent.state === "revoked") return found;
  if (agent.cloned && Date.now() - new Date(agent.cloned) < CLONE_WARN_DAYS * DAY_MS)
    found.push(["high", t("agents.cloned")]);
  if (agent.silent) found.push(["medium", t("agents.silent_too_long")]);
  if (days !== null && days < CERT_WARN_DAYS)
    found.push(["medium", days < 0 ? t("agents.cert_over") : t("agents.cert_soon", { n: days })]);
  for (const s of agent.sensors || [])
    if (wrong(s)) found.push(["medium", t("agents.sensor_wrong", { name: s.name, state: sensorState(s.state) })]);
  const drops = (agent.sensors || []).reduce((n, s) => n + (s.drops?.kernel_drops || 0), 0);
  if (drops > 0) found.push(["low", t("agents.drops", { n: drops })]);
  return found;
}

export const Worries = ({ agent }) =>
  html`${worries(agent).map(
    ([severity, words]) =>
      html`<span class="badge ${severity}"><${Icon} name=${severity === "low" ? "info" : "triangle"} />${words}</span>`,
  )}`;
