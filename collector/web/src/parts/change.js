// SPDX-License-Identifier: Apache-2.0
// The form that changes an incident: its state, who has it, a note.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { route } from "../router.js";
import { mayTriage } from "../rights.js";
import { AssigneeOptions, useAssignees } from "./assign.js";
import { useKeys } from "./keys.js";
import { Panel } from "./page.js";
import { STATES } from "./severity.js";

function Form({ incident, onSaved }) {
  const has = incident.assignee ? incident.assignee.id : "";
  const people = useAssignees();
  const [state, setState] = useState(incident.state);
  const [assignee, setAssignee] = useState(has);
  const [note, setNote] = useState("");
  const [told, setTold] = useState(null); // "saving", "saved", "not_saved"
  const first = useRef(null);

  useEffect(() => setState(incident.state), [incident.state]);
  useEffect(() => setAssignee(has), [has]);
  useEffect(() => {
    if (route.value.query.edit) first.current.focus();
  }, []);

  async function send(change) {
    setTold("saving");
    try {
      await post(`/api/incidents/${encodeURIComponent(incident.id)}`, change);
      setNote("");
      setTold("saved");
      onSaved();
    } catch {
      setTold("not_saved");
    }
  }
  function submit(event) {
    event.preventDefault();
    send({
      state,
      ...(assignee !== has && { assignee: assignee || null }),
      ...(note.trim() && { note: note.trim() }),
    });
  }
  useKeys({ e: () => first.current.focus(), a: () => void send({ assignee: "me" }) });

  return html`<form onSubmit=${submit}>
    <div class="pair even">
      <label class="field">
        ${t("incident.new_state")}
        <select ref=${first} name="state" value=${state} onChange=${(e) => setState(e.target.value)}>
          ${STATES.map((s) => html`<option value=${s}>${t(`state.${s}`)}</option>`)}
        </select>
      </label>
      <label class="field">
        ${t("assign.to")}
        <select name="assignee" value=${assignee} onChange=${(e) => setAssignee(e.target.value)}>
          <${AssigneeOptions} people=${people} />
          ${has && !people.some((p) => p.id === has) && html`<option value=${has}>${incident.assignee.name}</option>`}
        </select>
      </label>
    </div>
    <label class="field">
      ${t("incident.note")}
      <textarea
        name="note"
        rows="2"
        maxlength="2000"
        placeholder=${t("incident.note_hint")}
        value=${note}
        onInput=${(e) => setNote(e.target.value)}
      ></textarea>
    </label>
    <button type="submit" disabled=${told === "saving"}>
      ${told === "saving" ? t("incident.saving") : t("incident.save")}
    </button>
    <p class="told ${told || ""}" role="status">
      ${told === "saved" || told === "not_saved" ? t(`incident.${told}`) : ""}
    </p>
  </form>`;
}

export const Change = ({ incident, onSaved }) =>
  mayTriage()
    ? html`<${Panel} title=${t("incident.change")} kind="change">
        <${Form} incident=${incident} onSaved=${onSaved} />
      <//>`
    : null;
