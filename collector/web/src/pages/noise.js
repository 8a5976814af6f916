// SPDX-License-Identifier: Apache-2.0
// Which detectors speak most, how much of that was nothing, and about whom: one step from an exception.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get } from "../api.js";
import { count, t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayTriage } from "../rights.js";
import { address } from "../router.js";
import { ExceptionForm } from "../parts/exception_form.js";
import { party } from "../parts/facts.js";
import { Empty, Heading, Waiting } from "../parts/page.js";
import { TriageNav } from "../parts/triage_nav.js";

function One({ item, detector, onMade }) {
  const [open, setOpen] = useState(false);
  return html`<li>
    <div class="noise-one">
      <span class="row-main">
        <strong>${party(item.subject)}</strong>
        <small>${item.site.name} · ${item.tenant}</small>
      </span>
      <a class="row-count" href=${address(["incidents"], { state: "all", site: item.site.id, detector })}>
        ${t("incidents.shown", { n: item.incidents })}
      </a>
      ${mayTriage() &&
      !open &&
      html`<button type="button" class="small outline" onClick=${() => setOpen(true)}>${t("exception.new")}</button>`}
    </div>
    ${open &&
    html`<${ExceptionForm}
      about=${{ ...item, detector }}
      onCancel=${() => setOpen(false)}
      onMade=${() => {
        setOpen(false);
        onMade();
      }}
    />`}
  </li>`;
}

function About({ detector }) {
  const [made, setMade] = useState(false);
  const load = useLoad(() => get("/api/noise", { detector }), [detector]);
  return html`<div class="noise-about">
    <${Waiting} load=${load} />
    <p class="told" role="status">${made ? t("exception.made") : ""}</p>
    ${load.data &&
    html`<ul class="rows">
      ${load.data.items.map(
        (item) =>
          html`<${One}
            item=${item}
            detector=${detector}
            key=${item.site.id + item.subject.id}
            onMade=${() => setMade(true)}
          />`,
      )}
    </ul>`}
  </div>`;
}

function Detector({ item }) {
  const [open, setOpen] = useState(false);
  const nothing = item.false + item.expected;
  const share = Math.round((100 * nothing) / item.incidents);
  return html`<section class="panel noise">
    <h2><code>${item.detector}</code></h2>
    <dl class="noise-numbers">
      <div>
        <dt>${t("noise.incidents")}</dt>
        <dd>${count(item.incidents)}</dd>
      </div>
      <div>
        <dt>${t("noise.nothing")}</dt>
        <dd>${t("noise.share", { n: nothing, share: String(share) })}</dd>
      </div>
      <div>
        <dt>${t("noise.true")}</dt>
        <dd>${count(item.true)}</dd>
      </div>
      <div>
        <dt>${t("noise.sites")}</dt>
        <dd>${count(item.sites)}</dd>
      </div>
    </dl>
    <progress max=${item.incidents} value=${nothing} aria-hidden="true"></progress>
    <button type="button" class="quiet" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      ${t(open ? "noise.hide" : "noise.show")}
    </button>
    ${open && html`<${About} detector=${item.detector} />`}
  </section>`;
}

export function Noise() {
  const load = useLoad(() => get("/api/noise"), [], 300);
  const items = load.data && load.data.items;
  return html`
    <${Heading}>${t("noise.title")}<//>
    <${TriageNav} />
    <p class="hint">${t("noise.hint")}</p>
    <${Waiting} load=${load} />
    ${items && items.length === 0 && html`<${Empty} title=${t("noise.none")} />`}
    ${items && items.map((item) => html`<${Detector} item=${item} key=${item.detector} />`)}
  `;
}
