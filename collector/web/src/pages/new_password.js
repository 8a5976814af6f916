// SPDX-License-Identifier: Apache-2.0
// Where the link in a mail leads: a new password, then sign in with it.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { address } from "../router.js";
import { Door } from "../parts/door.js";
import { Fault, useSend } from "../parts/form.js";
import { Password } from "../parts/secret.js";

export function NewPassword({ link }) {
  const [fresh, setFresh] = useState("");
  const [user, setUser] = useState("");
  const { busy, error, done, run } = useSend(
    () => post("/api/password/set", { link, new: fresh }),
    (answer) => setUser(answer.user),
  );
  return html`<${Door} title=${t("password.new")}>
    ${done
      ? html`<p role="status">${t("password.set", { user })}</p>
          <p class="beside"><a href=${address([])}>${t("login.submit")}</a></p>`
      : html`<form
          onSubmit=${(e) => {
            e.preventDefault();
            run();
          }}
        >
          <${Password}
            label=${t("password.new")}
            hint=${t("password.hint")}
            name="short"
            error=${error}
            autocomplete="new-password"
            value=${fresh}
            onValue=${setFresh}
          />
          <${Fault} error=${error} fields=${["short"]} />
          <button type="submit" disabled=${busy}>${t("save")}</button>
        </form>`}
  <//>`;
}
