// SPDX-License-Identifier: Apache-2.0
// What the collector turned away since it started: nothing to do about most of it, but to be seen.
import { html } from "htm/preact";
import { get } from "../api.js";
import { count, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { Time } from "../time.js";
import { Icon } from "./icons.js";

const CALLS = ["records_refused", "records_moved", "conflicts", "malformed", "too_large", "unknown", "revoked",
               "expired", "busy"];
const CONNECTIONS = ["over_cap", "over_deadline", "over_budget", "broken"];

function rows(health) {
  const { agents, web } = health.listeners;
  return [
    ...CALLS.map((key) => [`health.${key}`, health.agents[key]]),
    ...CONNECTIONS.map((key) => [`health.${key}`, agents[key] + web[key]]),
  ].filter(([, n]) => n > 0);
}

export function ServiceHealth() {
  const { data } = useLoad(() => get("/api/health"), [], 30);
  if (!data) return null;
  const found = rows(data);
  const total = found.reduce((sum, [, n]) => sum + n, 0);
  return html`<li class="line ${total ? "" : "good"}">
    <${Icon} name=${total ? "info" : "check"} />
    <div class="turned-away">
      ${total === 0
        ? t("health.nothing")
        : html`<details>
            <summary>${t("health.turned_away", { n: total })}</summary>
            <table class="facts" aria-label=${t("health.title")}>
              <tbody>
                ${found.map(([key, n]) => html`<tr><th scope="row">${t(key)}</th><td>${count(n)}</td></tr>`)}
              </tbody>
            </table>
          </details>`}
      <small>${t("health.since")} <${Time} at=${data.since} /></small>
    </div>
  </li>`;
}
