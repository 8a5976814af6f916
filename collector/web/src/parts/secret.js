// SPDX-License-Identifier: Apache-2.0
// Fields for passwords and codes.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../i18n.js";
import { Field } from "./form.js";

/* A password that can be looked at while it is typed. */
export function Password({ label, hint, name, error, value, onValue, autocomplete }) {
  const [shown, setShown] = useState(false);
  return html`<${Field}
      label=${label}
      hint=${hint}
      name=${name}
      error=${error}
      type=${shown ? "text" : "password"}
      autocomplete=${autocomplete}
      required
      maxlength="256"
      value=${value}
      onInput=${(e) => onValue(e.target.value)}
    />
    <label class="check">
      <input type="checkbox" checked=${shown} onChange=${(e) => setShown(e.target.checked)} />
      ${t("login.show")}
    </label>`;
}

export const Code = ({ label, hint, error, value, onValue, focus }) =>
  html`<${Field}
    label=${label}
    hint=${hint}
    name="code"
    error=${error}
    class="code"
    inputmode="text"
    autocomplete="one-time-code"
    autocapitalize="none"
    spellcheck=${false}
    autofocus=${focus}
    required
    maxlength="32"
    value=${value}
    onInput=${(e) => onValue(e.target.value)}
  />`;
