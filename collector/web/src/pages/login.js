// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { login } from "../state.js";
import { t } from "../i18n.js";
import { address } from "../router.js";
import { Door } from "../parts/door.js";
import { Code, Password } from "../parts/secret.js";

function explain(error, asked) {
  if (error.status === 401) return t(asked ? "login.wrong_code" : "login.wrong");
  if (error.status === 429) return t("login.slow", { n: error.retryAfter || 60 });
  if (error.status === 0) return t("error.offline");
  return t("error.server", { status: String(error.status) });
}

export function Login() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asked, setAsked] = useState(false); // the password was right, now the code
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);

  useEffect(() => {
    form.current.querySelector(asked ? "[name=code]" : "[name=user]").focus();
  }, [asked]);

  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await login(user.trim(), password, asked ? code : "");
    } catch (failure) {
      setBusy(false);
      if (failure.status === 401 && failure.message === "code" && !asked) {
        setAsked(true);
        return;
      }
      setError(failure);
      setCode("");
      if (!asked) setPassword("");
    }
  }

  return html`<${Door} title=${t("login.title")}>
    <form onSubmit=${submit} ref=${form} aria-describedby=${error ? "login-error" : undefined}>
      ${asked
        ? html`<${Code} label=${t("login.code")} hint=${t("login.code_hint")} value=${code} onValue=${setCode} />`
        : html`<label class="field">
              ${t("login.user")}
              <input
                name="user"
                autocomplete="username"
                autocapitalize="none"
                spellcheck=${false}
                required
                value=${user}
                onInput=${(e) => setUser(e.target.value)}
              />
            </label>
            <${Password}
              label=${t("login.password")}
              name="password"
              autocomplete="current-password"
              value=${password}
              onValue=${setPassword}
            />`}
      ${error && html`<p class="form-error" id="login-error" role="alert">${explain(error, asked)}</p>`}
      <button type="submit" disabled=${busy} aria-busy=${busy}>${t("login.submit")}</button>
      <p class="beside">
        ${asked
          ? html`<button type="button" class="quiet" onClick=${() => setAsked(false)}>${t("login.back")}</button>`
          : html`<a href=${address(["forgot"])}>${t("login.forgot")}</a>`}
      </p>
    </form>
  <//>`;
}
