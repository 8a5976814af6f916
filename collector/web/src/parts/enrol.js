// SPDX-License-Identifier: Apache-2.0
// Enrolment tokens of one shop: make one, the line to type for each kind of package, take one back.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { Time } from "../time.js";
import { Copy, Fault, Field, Sure, useSend } from "./form.js";
import { Panel } from "./page.js";

const VALID = [24, 168, 720];

const Commands = ({ made, zone }) =>
  html`<div class="made" role="status">
    <p>${t("enrol.once")} <${Time} at=${made.expires} zone=${zone} /></p>
    ${made.commands.map(
      (c) => html`<h3>${t(`install.${c.platform}`)}</h3>
        <${Copy} text=${c.command} label=${t(`install.${c.platform}`)} />`,
    )}
  </div>`;

const Open = ({ tokens, zone, withdraw }) =>
  html`<h3>${t("enrol.open")}</h3>
    <ul class="rows">
      ${tokens.map(
        (token) => html`<li class="row">
          <span class="row-main">
            <strong>${t("enrol.until")} <${Time} at=${token.expires} zone=${zone} /></strong>
            <small>${t("enrol.by", { who: token.who || t("none") })} · <${Time} at=${token.created} zone=${zone} /></small>
          </span>
          <${Sure}
            label=${t("enrol.withdraw")}
            question=${t("enrol.withdraw_sure")}
            busy=${withdraw.busy}
            onSure=${() => withdraw.run(token.id)}
          />
        </li>`,
      )}
    </ul>`;

export function Enrol({ site }) {
  const [hours, setHours] = useState(VALID[0]);
  const [made, setMade] = useState(null);
  const load = useLoad(() => get("/api/tokens", { site: site.id }), [site.id], 60);
  const make = useSend(
    () => post("/api/tokens", { site: site.id, hours }),
    (answer) => {
      setMade(answer);
      load.reload();
    },
  );
  const withdraw = useSend(
    (id) => post(`/api/tokens/${id}`, { action: "withdraw" }),
    () => {
      setMade(null);
      load.reload();
    },
  );
  const open = load.data ? load.data.items : [];
  return html`<${Panel} title=${t("enrol.title")} hint=${t("enrol.hint")} kind="enrol">
    <form
      class="inline"
      onSubmit=${(e) => {
        e.preventDefault();
        make.run();
      }}
    >
      <${Field} label=${t("enrol.valid")}>
        <select value=${hours} onChange=${(e) => setHours(Number(e.target.value))}>
          ${VALID.map((h) => html`<option value=${h}>${t(`enrol.valid_${h}`)}</option>`)}
        </select>
      <//>
      <button type="submit" disabled=${make.busy}>${t("enrol.make")}</button>
    </form>
    <${Fault} error=${make.error || withdraw.error} />
    ${made && html`<${Commands} made=${made} zone=${site.zone} />`}
    ${open.length > 0 && html`<${Open} tokens=${open} zone=${site.zone} withdraw=${withdraw} />`}
  <//>`;
}
