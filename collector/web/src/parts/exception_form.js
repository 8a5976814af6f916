// SPDX-License-Identifier: Apache-2.0
// "This device, this destination, until this day" is known: what comes of it is no incident.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { t } from "../i18n.js";
import { party } from "./facts.js";
import { Fault, useSend } from "./form.js";

const DAYS = [7, 30, 90, 365];

const inDays = (days) => new Date(Date.now() + days * 86400000).toISOString().replace(/\.\d+Z$/, "Z");

/* about: {site, detector, subject, peer, incident}; onMade(exception). */
export function ExceptionForm({ about, onMade, onCancel }) {
  const [subject, setSubject] = useState(Boolean(about.subject));
  const [peer, setPeer] = useState(Boolean(about.peer));
  const [everywhere, setEverywhere] = useState(false);
  const [days, setDays] = useState("30");
  const [kind, setKind] = useState("mine");
  const [why, setWhy] = useState("");
  const send = useSend(async () => {
    const where = everywhere
      ? { tenant: (await get(`/api/sites/${about.site.id}`)).tenant_id }
      : { site: about.site.id };
    return post("/api/exceptions", {
      ...where,
      detector: about.detector,
      subject: subject ? about.subject : null,
      peer: peer ? about.peer : null,
      until: inDays(Number(days)),
      kind,
      why: why.trim(),
      ...(about.incident && { incident: about.incident }),
    });
  }, onMade);
  const check = (value, set, label) =>
    html`<label class="check">
      <input type="checkbox" checked=${value} onChange=${(e) => set(e.target.checked)} />
      <span>${label}</span>
    </label>`;
  return html`<form
    class="exception-form"
    onSubmit=${(e) => {
      e.preventDefault();
      send.run();
    }}
  >
    <p class="hint">${t("exception.what", { detector: about.detector })}</p>
    ${about.subject && check(subject, setSubject, t("exception.only", { name: party(about.subject) }))}
    ${about.peer && check(peer, setPeer, t("exception.only_with", { name: party(about.peer) }))}
    ${check(everywhere, setEverywhere, t("exception.everywhere", { site: about.site.name }))}
    <div class="pair">
      <label class="field">
        ${t("exception.kind")}
        <select name="kind" value=${kind} onChange=${(e) => setKind(e.target.value)}>
          ${["mine", "noise"].map((k) => html`<option value=${k}>${t(`exception.${k}`)}</option>`)}
        </select>
      </label>
      <label class="field">
        ${t("exception.until")}
        <select name="days" value=${days} onChange=${(e) => setDays(e.target.value)}>
          ${DAYS.map((n) => html`<option value=${n}>${t("exception.days", { n })}</option>`)}
        </select>
      </label>
    </div>
    <label class="field">
      ${t("exception.why")}
      <input name="why" maxlength="500" value=${why} onInput=${(e) => setWhy(e.target.value)} />
    </label>
    <div class="form-buttons">
      <button type="submit" class="small" disabled=${send.busy}>${t("exception.make")}</button>
      ${onCancel && html`<button type="button" class="quiet" onClick=${onCancel}>${t("cancel")}</button>`}
    </div>
    <${Fault} error=${send.error} />
  </form>`;
}
