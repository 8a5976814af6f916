// SPDX-License-Identifier: Apache-2.0
// The card in the middle of the page, before somebody is in.
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { language, setLanguage, t } from "../i18n.js";
import { Mark } from "./icons.js";
import { LanguageChoice } from "./shell.js";

export function Door({ title, wide, children }) {
  useEffect(() => {
    document.title = `${title} · Vigía`;
  }, [title, language.value]);
  return html`<main class="login">
    <div class="login-card ${wide ? "wide" : ""}">
      <p class="login-brand"><${Mark} /><strong>Vigía</strong><span>${t("app.tagline")}</span></p>
      <h1>${title}</h1>
      ${children}
      <${LanguageChoice} onChoose=${setLanguage} />
    </div>
  </main>`;
}
