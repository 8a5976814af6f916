// SPDX-License-Identifier: Apache-2.0
// Tokens with which programs ask the collector in one's name.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { get, post } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { me } from "../state.js";
import { Time } from "../time.js";
import { Copy, Fault, Field, Sure, useSend } from "./form.js";
import { Panel, Waiting } from "./page.js";

const DAYS = [30, 90, 365];

export function Programs() {
  const mine = me.value.rights.filter((r) => r !== "people");
  const [name, setName] = useState("");
  const [rights, setRights] = useState(["see"]);
  const [days, setDays] = useState(DAYS[1]);
  const [made, setMade] = useState(null);
  const load = useLoad(() => get("/api/programs"), []);
  const make = useSend(
    () => post("/api/programs", { name: name.trim(), rights, days }),
    (answer) => {
      setMade(answer.token);
      setName("");
      load.reload();
    },
  );
  const end = useSend((id) => post(`/api/programs/${id}`, {}), load.reload);
  const toggle = (right) => (e) =>
    setRights(e.target.checked ? [...rights, right] : rights.filter((r) => r !== right));
  const there = load.data ? load.data.items : [];
  return html`<${Panel} title=${t("programs.title")} hint=${t("programs.hint")}>
    <${Waiting} load=${load} />
    ${there.length > 0 &&
    html`<ul class="rows">
      ${there.map(
        (p) => html`<li class="row" key=${p.id}>
          <span class="row-main">
            <strong>${p.name}</strong>
            <small>${p.rights.map((r) => t(`right.${r}`)).join(", ")} · ${t("enrol.until")} <${Time} at=${p.expires} /></small>
          </span>
          <${Sure} label=${t("programs.end")} question=${t("account.sure")} busy=${end.busy} onSure=${() => end.run(p.id)} />
        </li>`,
      )}
    </ul>`}
    ${made && html`<p role="status">${t("programs.once")}</p><${Copy} text=${made} label=${t("programs.title")} />`}
    <details class="more-of">
      <summary>${t("programs.add")}</summary>
      <form
        class="stacked"
        onSubmit=${(e) => {
          e.preventDefault();
          make.run();
        }}
      >
        <${Field}
          label=${t("programs.name")}
          name="name"
          required
          maxlength="128"
          value=${name}
          onInput=${(e) => setName(e.target.value)}
        />
        <fieldset>
          <legend>${t("programs.may")}</legend>
          ${mine.map(
            (r) => html`<label class="check">
              <input type="checkbox" checked=${rights.includes(r)} onChange=${toggle(r)} />${t(`right.${r}`)}
            </label>`,
          )}
        </fieldset>
        <${Field} label=${t("enrol.valid")}>
          <select value=${days} onChange=${(e) => setDays(Number(e.target.value))}>
            ${DAYS.map((d) => html`<option value=${d}>${t("programs.days", { n: d })}</option>`)}
          </select>
        <//>
        <${Fault} error=${make.error || end.error} />
        <button type="submit" disabled=${make.busy || rights.length === 0}>${t("programs.make")}</button>
      </form>
    </details>
  <//>`;
}
