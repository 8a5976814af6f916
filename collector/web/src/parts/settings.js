// SPDX-License-Identifier: Apache-2.0
// Settings of the agents of one level (the provider, a customer, a shop): each value is this level's own or
// comes from above. Which there are, the collector decides (common/settings.h).
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { Field, Told, useSend } from "./form.js";
import { Waiting } from "./page.js";

const KINDS = ["any", "grocery", "restaurant", "cafe", "pharmacy", "clothes", "hardware", "electronics", "jewelry",
  "hotel", "services"];
const FIELDS = [
  { group: "alerts", name: "budget_per_week", number: true },
  { group: "shop", name: "kind", choices: KINDS },
  { group: "detectors", name: "off", list: true },
  { group: "scan", name: "response", choices: ["report", "quarantine"] },
  { group: "scan", name: "severity", choices: ["low", "medium", "high", "critical"] },
  { group: "scan", name: "full_pass", hint: true },
  { group: "scan", name: "sticks", choices: [true, false] },
  { group: "silence", name: "open_minutes", number: true, hint: true },
  { group: "silence", name: "other_hours", number: true, hint: true },
];

const key = (f) => `${f.group}.${f.name}`;
const word = (f, value) => {
  if (value === undefined) return t("settings.of_agent");
  if (f.list) return value.join(", ") || t("settings.none");
  if (f.choices) return t(`settings.${f.name}.${value}`);
  return String(value);
};
const typed = (f, value) => (value === undefined ? "" : f.list ? value.join(", ") : String(value));

function collect(values, own) {
  const out = {};
  if (own.shop) for (const k of ["hours", "language"]) if (k in own.shop) (out.shop ||= {})[k] = own.shop[k];
  for (const f of FIELDS) {
    const text = values[key(f)].trim();
    if (text === "") continue;
    (out[f.group] ||= {})[f.name] = f.number
      ? Number(text)
      : f.list
        ? text.split(/[\s,;]+/).filter(Boolean)
        : f.choices
          ? f.choices.find((c) => String(c) === text)
          : text;
  }
  return out;
}

function Form({ level, shown, onSaved }) {
  const [values, setValues] = useState(() =>
    Object.fromEntries(FIELDS.map((f) => [key(f), typed(f, shown.own[f.group]?.[f.name])])),
  );
  const { busy, error, done, run } = useSend(
    () => post("/api/settings", { ...level, settings: collect(values, shown.own) }),
    onSaved,
  );
  const set = (f) => (e) => setValues({ ...values, [key(f)]: e.target.value });
  return html`<form
    class="stacked"
    onSubmit=${(e) => {
      e.preventDefault();
      run();
    }}
  >
    <p class="hint">${t("settings.hint")}</p>
    ${FIELDS.map((f) => {
      const above = t("settings.inherits", { value: word(f, shown.inherited[f.group]?.[f.name]) });
      return f.choices
        ? html`<${Field} key=${key(f)} label=${t(`settings.${f.name}`)}>
            <select value=${values[key(f)]} onChange=${set(f)}>
              <option value="">${above}</option>
              ${f.choices.map((c) => html`<option value=${String(c)}>${t(`settings.${f.name}.${c}`)}</option>`)}
            </select>
          <//>`
        : html`<${Field}
            key=${key(f)}
            label=${t(`settings.${f.name}`)}
            hint=${f.list || f.hint ? t(`settings.${f.name}_hint`) : null}
            placeholder=${above}
            inputmode=${f.number ? "decimal" : undefined}
            autocapitalize="none"
            spellcheck=${false}
            value=${values[key(f)]}
            onInput=${set(f)}
          />`;
    })}
    ${error && html`<p class="form-error" role="alert">${t(error === "settings" ? "settings.wrong" : "wrong.error")}</p>`}
    <button type="submit" disabled=${busy}>${t("save")}</button>
    <${Told}>${done ? t("settings.saved") : ""}<//>
  </form>`;
}

export function Settings({ level = {} }) {
  const load = useLoad(() => get("/api/settings", level), [level.site, level.tenant]);
  return html`<${Waiting} load=${load} />
    ${load.data && html`<${Form} level=${level} shown=${load.data} onSaved=${load.setData} />`}`;
}

/* Asks for them only once it is opened. */
export function SettingsPanel({ title, level, kind = "panel adding" }) {
  const [open, setOpen] = useState(false);
  return html`<details class=${kind} onToggle=${(e) => setOpen(e.currentTarget.open)}>
    <summary>${title}</summary>
    ${open && html`<${Settings} level=${level} />`}
  </details>`;
}
