// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { address } from "../router.js";
import { Door } from "../parts/door.js";
import { Fault, Field, useSend } from "../parts/form.js";

export function Forgot() {
  const [user, setUser] = useState("");
  const { busy, error, done, run } = useSend(() => post("/api/password/link", { user: user.trim() }));
  return html`<${Door} title=${t("forgot.title")}>
    ${done
      ? html`<p role="status">${t("forgot.sent")}</p>`
      : html`<form
          onSubmit=${(e) => {
            e.preventDefault();
            run();
          }}
        >
          <${Field}
            label=${t("forgot.user")}
            hint=${t("forgot.hint")}
            name="user"
            autocomplete="username"
            autocapitalize="none"
            required
            maxlength="254"
            value=${user}
            onInput=${(e) => setUser(e.target.value)}
          />
          <${Fault} error=${error} />
          <button type="submit" disabled=${busy}>${t("forgot.send")}</button>
        </form>`}
    <p class="beside"><a href=${address([])}>${t("login.back")}</a></p>
  <//>`;
}
