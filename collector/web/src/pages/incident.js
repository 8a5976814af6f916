// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get } from "../api.js";
import { language, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayTriage } from "../rights.js";
import { address } from "../router.js";
import { Time } from "../time.js";
import { Change } from "../parts/change.js";
import { ExceptionForm } from "../parts/exception_form.js";
import { Evidence, Facts, party } from "../parts/facts.js";
import { Graph } from "../parts/graph.js";
import { Icon } from "../parts/icons.js";
import { Heading, Panel, Waiting } from "../parts/page.js";
import { Severity, State } from "../parts/severity.js";

const EVENTS_SHOWN = 50;

function Message({ message }) {
  return html`<section class="panel message">
    <h2>${t("incident.what")}</h2>
    <p>${message.what}</p>
    <h2>${t("incident.why")}</h2>
    <p>${message.why}</p>
    <div class="do">
      <h2>${t("incident.do")}</h2>
      <p>${message.do}</p>
    </div>
  </section>`;
}

function Summary({ data }) {
  const zone = data.site.zone;
  const rows = [
    ["site", data.site.name],
    ["assignee", data.assignee && data.assignee.name],
    ["subject", party(data.subject)],
    ["peer", party(data.peer)],
    ["first", html`<${Time} at=${data.first} zone=${zone} />`],
    ["last", html`<${Time} at=${data.last} zone=${zone} />`],
    ["times", data.count],
    ["agents", data.agents],
    ["detector", html`<code>${data.detector}</code>`],
    ["attack", (data.attack || []).join(", ")],
  ];
  return html`<dl class="summary">
      ${rows
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(
          ([name, value]) => html`<div>
            <dt>${t(`incident.${name}`)}</dt>
            <dd>${value}</dd>
          </div>`,
        )}
    </dl>
    ${zone && html`<p class="hint">${t("incident.zone", { zone })}</p>`}`;
}

function Timeline({ events, zone }) {
  return html`<${Panel} title=${t("incident.events")}>
    <ol class="timeline">
      ${(events || []).slice(0, EVENTS_SHOWN).map(
        (event) => html`<li class=${event.severity} key=${event.id}>
          <p>
            <${Time} at=${event.time} zone=${zone} />
            <${Severity} is=${event.severity} />
          </p>
          <details>
            <summary>${t("incident.event", { detector: event.detector })}</summary>
            <${Facts} facts=${event.facts} label=${t("incident.facts")} zone=${zone} />
          </details>
        </li>`,
      )}
    </ol>
  <//>`;
}

const MAIL_ICONS = { sent: "check", failed: "mailX", expired: "mailX" };

const Mails = ({ mails, zone }) =>
  html`<${Panel} title=${t("incident.mails")}>
    ${(mails || []).length === 0
      ? html`<p class="hint">${t("incident.mails_none")}</p>`
      : html`<ul class="lines">
          ${mails.map(
            (mail) => html`<li class="line ${mail.state === "failed" ? "bad" : "good"}">
              <${Icon} name=${MAIL_ICONS[mail.state] || "mail"} />
              <span>
                ${mail.to}<br />
                <small>${t(`mail.${mail.state}`)} · <${Time} at=${mail.time} zone=${zone} /></small>
              </span>
            </li>`,
          )}
        </ul>`}
  <//>`;

/* One step of the history in words. */
function words(what, note) {
  if (what === "assigned") return t("history.assigned", { name: note });
  const state = t(`state.${what}`);
  if (state !== `state.${what}`) return state;
  return t(`history.${what}`) === `history.${what}` ? what : t(`history.${what}`);
}

/* What is known may be said so for a while. */
function Known({ data, onMade }) {
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState(false);
  if (!mayTriage()) return null;
  const about = {
    site: data.site,
    detector: data.detector,
    subject: data.subject,
    peer: data.peer,
    incident: data.id,
  };
  return html`<${Panel} title=${t("exception.new")} hint=${t("exception.new_hint")}>
    ${open
      ? html`<${ExceptionForm}
          about=${about}
          onCancel=${() => setOpen(false)}
          onMade=${() => {
            setOpen(false);
            setMade(true);
            onMade();
          }}
        />`
      : html`<button type="button" class="small outline" onClick=${() => setOpen(true)}>
          ${t("exception.new")}
        </button>`}
    <p class="told" role="status">
      ${made && html`${t("exception.made")} <a href=${address(["exceptions"])}>${t("exception.title")}</a>`}
    </p>
  <//>`;
}

const History = ({ history, zone }) =>
  html`<${Panel} title=${t("incident.history")}>
    ${(history || []).length === 0
      ? html`<p class="hint">${t("incident.history_none")}</p>`
      : html`<ol class="timeline plain">
          ${history.map(
            (one) => html`<li>
              <p><${Time} at=${one.time} zone=${zone} /> · ${one.who}</p>
              <p>${words(one.what, one.note)}</p>
              ${one.note && one.what !== "assigned" && html`<blockquote>${one.note}</blockquote>`}
            </li>`,
          )}
        </ol>`}
  <//>`;

export function Incident({ id }) {
  const load = useLoad(
    () => get(`/api/incidents/${encodeURIComponent(id)}`),
    [id, language.value],
    60,
    (ids) => ids.includes(id),
  );
  const { data } = load;
  const zone = data && data.site.zone;
  return html`
    <p class="back">
      <a href=${address(["incidents"])}><${Icon} name="arrowLeft" />${t("incident.back")}</a>
    </p>
    <${Waiting} load=${load} />
    ${data &&
    html`<header class="incident-header">
        <p><${Severity} is=${data.severity} /> <${State} is=${data.state} /></p>
        <${Heading} title=${data.title}>${data.title}<//>
        <p class="lead">${data.site.name} · <${Time} at=${data.last} zone=${zone} /></p>
      </header>
      <div class="columns">
        <div>
          <${Message} message=${data.message} />
          <${Graph} data=${data} />
          <${Panel} title=${t("incident.facts")}>
            <${Facts} facts=${data.facts} label=${t("incident.facts")} zone=${zone} />
          <//>
          ${(data.evidence || []).length > 0 &&
          html`<${Panel} title=${t("incident.evidence")}>
            <${Evidence} evidence=${data.evidence} label=${t("incident.evidence")} zone=${zone} />
          <//>`}
          <${Timeline} events=${data.events} zone=${zone} />
        </div>
        <aside>
          <${Change} incident=${data} onSaved=${load.reload} />
          <${Known} data=${data} onMade=${load.reload} />
          <section class="panel"><${Summary} data=${data} /></section>
          <${Mails} mails=${data.mails} zone=${zone} />
          <${History} history=${data.history} zone=${zone} />
        </aside>
      </div>`}
  `;
}
