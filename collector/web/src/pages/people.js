// SPDX-License-Identifier: Apache-2.0
// Who may use the dashboard: the provider's people and those of each customer.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { mayAudit } from "../rights.js";
import { address } from "../router.js";
import { me } from "../state.js";
import { Copy, Fault, Sure, Told, useSend } from "../parts/form.js";
import { Heading, Panel, Waiting } from "../parts/page.js";
import { PersonForm } from "../parts/person_form.js";

const ACTS = ["invite", "sign_out", "reset_second_factor", "remove"];

function Acts({ user, onDone }) {
  const { busy, error, done, run } = useSend((act) => post(`/api/users/${user.id}`, { act }), onDone);
  const acts = ACTS.filter(
    (a) => (a !== "invite" || user.mail) && (a !== "reset_second_factor" || user.second_factor),
  );
  return html`<p class="acts">
      ${acts.map(
        (act) => html`<${Sure}
          key=${act}
          label=${t(`people.${act}`)}
          question=${t(`people.${act}_sure`, { name: user.name })}
          busy=${busy}
          kind=${act === "remove" ? "outline danger" : "outline"}
          onSure=${() => run(act)}
        />`,
      )}
    </p>
    <${Fault} error=${error} /><${Told}>${done ? t("saved") : ""}<//>`;
}

const sees = (user) =>
  user.tenant || (user.tenants ? user.tenants.join(", ") || t("people.sees_none") : t("people.sees_all"));

const Person = ({ user, tenants, onDone }) =>
  html`<li>
    <details class="person">
      <summary class="row">
        <span class="row-main">
          <strong>${user.name}</strong>
          <small>${t(`role.${user.role}`)} · ${sees(user)}${user.mail && ` · ${user.mail}`}</small>
        </span>
        <span class=${user.second_factor ? "calm" : "hint"}
          >${t(user.second_factor ? "people.factor_on" : "people.factor_off")}</span
        >
      </summary>
      ${user.id === me.value.id
        ? html`<p class="hint"><a href=${address(["account"])}>${t("people.self")}</a></p>`
        : html`<${PersonForm} user=${user} tenants=${tenants} onSaved=${onDone} />
            <${Acts} user=${user} onDone=${onDone} />`}
    </details>
  </li>`;

export function People() {
  const [made, setMade] = useState(null);
  const load = useLoad(
    () => Promise.all([get("/api/users"), get("/api/tenants")]).then(([u, x]) => [u.items, x.items]),
    [],
  );
  const [users, tenants] = load.data || [[], []];
  return html`
    <${Heading}>${t("people.title")}<//>
    ${mayAudit() && html`<p class="hint"><a href=${address(["audit"])}>${t("audit.title")}</a></p>`}
    <${Waiting} load=${load} />
    ${load.data &&
    html`<div class="columns">
      <${Panel} title=${t("people.who")}>
        <ul class="rows">
          ${users.map((u) => html`<${Person} user=${u} tenants=${tenants} onDone=${load.reload} key=${u.id} />`)}
        </ul>
      <//>
      <aside>
        <${Panel} title=${t("people.add")}>
          ${made &&
          html`<div role="status">
            <p>${made.invited ? t("people.invited", { mail: made.invited }) : t("people.password", { name: made.name })}</p>
            ${made.password && html`<${Copy} text=${made.password} label=${t("login.password")} />`}
          </div>`}
          <${PersonForm}
            tenants=${tenants}
            onSaved=${(answer, name) => {
              setMade({ ...answer, name });
              load.reload();
            }}
          />
        <//>
      </aside>
    </div>`}
  `;
}
