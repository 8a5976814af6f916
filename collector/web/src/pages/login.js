// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { login } from "../state.js";
import { language, setLanguage, t } from "../i18n.js";
import { LanguageChoice } from "../parts/shell.js";
import { Mark } from "../parts/icons.js";

function explain(error) {
  if (error.status === 401) return t("login.wrong");
  if (error.status === 429) return t("login.slow", { n: error.retryAfter || 60 });
  if (error.status === 0) return t("error.offline");
  return t("error.server", { status: String(error.status) });
}

export function Login() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const first = useRef(null);

  useEffect(() => first.current.focus(), []);
  useEffect(() => {
    document.title = `${t("login.title")} · Vigía`;
  }, [language.value]);

  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await login(user, password);
    } catch (failure) {
      setError(failure);
      setBusy(false);
      setPassword("");
    }
  }

  return html`<main class="login">
    <div class="login-card">
      <p class="login-brand"><${Mark} /><strong>Vigía</strong><span>${t("app.tagline")}</span></p>
      <h1>${t("login.title")}</h1>
      <form onSubmit=${submit}>
        <label>
          ${t("login.user")}
          <input
            ref=${first}
            name="user"
            autocomplete="username"
            autocapitalize="none"
            spellcheck=${false}
            required
            value=${user}
            onInput=${(e) => setUser(e.target.value)}
          />
        </label>
        <label>
          ${t("login.password")}
          <input
            name="password"
            type=${shown ? "text" : "password"}
            autocomplete="current-password"
            required
            value=${password}
            aria-describedby=${error ? "login-error" : undefined}
            onInput=${(e) => setPassword(e.target.value)}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked=${shown} onChange=${(e) => setShown(e.target.checked)} />
          ${t("login.show")}
        </label>
        ${error && html`<p class="form-error" id="login-error" role="alert">${explain(error)}</p>`}
        <button type="submit" disabled=${busy} aria-busy=${busy}>${t("login.submit")}</button>
      </form>
      <${LanguageChoice} onChoose=${setLanguage} />
    </div>
  </main>`;
}
