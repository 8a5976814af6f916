// SPDX-License-Identifier: Apache-2.0
// A new person, or new values of one: role, whose shops they see, mail, language.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { Fault, Field, Told, useSend } from "./form.js";

const PROVIDER = ["admin", "technician", "readonly"];
const TENANT = ["owner", "readonly"];

export function PersonForm({ user, tenants, onSaved }) {
  const given = user && user.tenants ? tenants.filter((x) => user.tenants.includes(x.name)).map((x) => x.id) : [];
  const [name, setName] = useState("");
  const [mail, setMail] = useState((user && user.mail) || "");
  const [role, setRole] = useState(user ? user.role : "technician");
  const [tenant, setTenant] = useState(""); // "": of the provider
  const [all, setAll] = useState(!user || !user.tenants);
  const [some, setSome] = useState(given);
  const [language, setLanguage] = useState(user ? user.language : "es-MX");
  const ofTenant = user ? Boolean(user.tenant) : tenant !== "";
  const roles = ofTenant ? TENANT : PROVIDER;
  const values = () => ({
    role: roles.includes(role) ? role : roles[0],
    mail: mail.trim(),
    language,
    ...(ofTenant ? {} : { tenants: all ? null : some }),
  });
  const { busy, error, done, run } = useSend(
    () =>
      user
        ? post(`/api/users/${user.id}`, values())
        : post("/api/users", { ...values(), name: name.trim(), ...(tenant ? { tenant } : {}) }),
    (answer) => {
      onSaved(answer, name.trim());
      if (!user) {
        setName("");
        setMail("");
      }
    },
  );
  const toggle = (id) => (e) => setSome(e.target.checked ? [...some, id] : some.filter((x) => x !== id));
  return html`<form
    class="stacked"
    onSubmit=${(e) => {
      e.preventDefault();
      run();
    }}
  >
    ${!user &&
    html`<${Field}
        label=${t("people.name")}
        name="exists"
        error=${error}
        required
        maxlength="128"
        autocapitalize="none"
        value=${name}
        onInput=${(e) => setName(e.target.value)}
      />
      <${Field} label=${t("people.of")}>
        <select value=${tenant} onChange=${(e) => setTenant(e.target.value)}>
          <option value="">${t("people.provider")}</option>
          ${tenants.map((x) => html`<option value=${x.id}>${x.name}</option>`)}
        </select>
      <//>`}
    <${Field} label=${t("people.role")} hint=${t(`role.${roles.includes(role) ? role : roles[0]}_may`)}>
      <select value=${roles.includes(role) ? role : roles[0]} onChange=${(e) => setRole(e.target.value)}>
        ${roles.map((r) => html`<option value=${r}>${t(`role.${r}`)}</option>`)}
      </select>
    <//>
    ${!ofTenant &&
    html`<fieldset>
      <legend>${t("people.sees")}</legend>
      <label class="check">
        <input type="checkbox" checked=${all} onChange=${(e) => setAll(e.target.checked)} />${t("people.sees_all")}
      </label>
      ${!all &&
      tenants.map(
        (x) => html`<label class="check">
          <input type="checkbox" checked=${some.includes(x.id)} onChange=${toggle(x.id)} />${x.name}
        </label>`,
      )}
    </fieldset>`}
    <div class="pair">
      <${Field}
        label=${t("people.mail")}
        hint=${user ? null : t("people.mail_hint")}
        type="email"
        maxlength="254"
        value=${mail}
        onInput=${(e) => setMail(e.target.value)}
      />
      <${Field} label=${t("nav.language")}>
        <select value=${language} onChange=${(e) => setLanguage(e.target.value)}>
          <option value="es-MX">Español</option>
          <option value="en">English</option>
        </select>
      <//>
    </div>
    <${Fault} error=${error} fields=${user ? [] : ["exists"]} />
    <button type="submit" disabled=${busy}>${t(user ? "save" : "people.add_one")}</button>
    <${Told}>${done && user ? t("saved") : ""}<//>
  </form>`;
}
