// SPDX-License-Identifier: Apache-2.0
// What is to be known of a shop: for a new one, and to change one.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { Fault, Field, Told, useSend } from "./form.js";
import { fold, Hours, unfold } from "./hours.js";

const FIELDS = ["name", "zone", "mail"];
const zones = () => Intl.supportedValuesOf?.("timeZone") || [];

export function SiteForm({ site, tenants, onSaved }) {
  const [values, setValues] = useState({
    name: "",
    zone: "America/Mexico_City",
    language: "es-MX",
    mail: "",
    tenant: tenants?.[0]?.id || "",
    ...site,
  });
  const [rows, setRows] = useState(unfold(site && site.hours));
  const { busy, error, done, run } = useSend(
    () =>
      post(site ? `/api/sites/${site.id}` : "/api/sites", {
        name: values.name.trim(),
        zone: values.zone.trim(),
        language: values.language,
        mail: (values.mail || "").trim(),
        hours: fold(rows) || {},
        ...(site ? {} : { tenant: values.tenant }),
      }),
    onSaved,
  );
  const bind = (key) => ({
    name: key,
    error,
    value: values[key] || "",
    onInput: (e) => setValues({ ...values, [key]: e.target.value }),
  });
  return html`<form
    class="stacked"
    onSubmit=${(e) => {
      e.preventDefault();
      run();
    }}
  >
    ${!site &&
    html`<${Field} label=${t("site.tenant")}>
      <select value=${values.tenant} onChange=${(e) => setValues({ ...values, tenant: e.target.value })}>
        ${tenants.map((x) => html`<option value=${x.id}>${x.name}</option>`)}
      </select>
    <//>`}
    <${Field} label=${t("site.name")} required maxlength="128" ...${bind("name")} />
    <div class="pair">
      <${Field} label=${t("site.zone")} required list="zones" ...${bind("zone")} />
      <${Field} label=${t("site.language")}>
        <select value=${values.language} onChange=${(e) => setValues({ ...values, language: e.target.value })}>
          <option value="es-MX">Español</option>
          <option value="en">English</option>
        </select>
      <//>
    </div>
    <datalist id="zones">${zones().map((z) => html`<option value=${z} />`)}</datalist>
    <${Field} label=${t("site.mail")} hint=${t("site.mail_hint")} type="email" maxlength="254" ...${bind("mail")} />
    <${Hours} rows=${rows} onChange=${setRows} />
    <${Fault} error=${error} fields=${FIELDS} />
    <button type="submit" disabled=${busy} aria-busy=${busy}>${site ? t("save") : t("site.add")}</button>
    <${Told}>${done ? t("saved") : ""}<//>
  </form>`;
}
