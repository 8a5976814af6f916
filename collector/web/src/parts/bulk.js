// SPDX-License-Identifier: Apache-2.0
// What can be done with the incidents that are selected, all at once.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { AssigneeOptions, useAssignees } from "./assign.js";
import { Fault, useSend } from "./form.js";
import { STATES } from "./severity.js";

/* onDone(how many changed). */
export function Bulk({ ids, first, onDone, onClear }) {
  const people = useAssignees();
  const [state, setState] = useState("");
  const [assignee, setAssignee] = useState("keep");
  const [note, setNote] = useState("");
  const send = useSend((change) => post("/api/triage", { ids, ...change }), (answer) => onDone(answer.changed));
  const change = {
    ...(state && { state }),
    ...(assignee !== "keep" && { assignee: assignee || null }),
    ...(note.trim() && { note: note.trim() }),
  };
  const submit = (event) => {
    event.preventDefault();
    if (Object.keys(change).length > 0) send.run(change);
  };
  return html`<form class="bulk" aria-label=${t("bulk.title")} onSubmit=${submit}>
    <p class="bulk-count" role="status">${t("bulk.selected", { n: ids.length })}</p>
    <label class="filter">
      <span>${t("incident.new_state")}</span>
      <select ref=${first} name="bulk-state" value=${state} onChange=${(e) => setState(e.target.value)}>
        <option value="">${t("bulk.keep")}</option>
        ${STATES.map((s) => html`<option value=${s}>${t(`state.${s}`)}</option>`)}
      </select>
    </label>
    <label class="filter">
      <span>${t("assign.to")}</span>
      <select name="bulk-assignee" value=${assignee} onChange=${(e) => setAssignee(e.target.value)}>
        <${AssigneeOptions} people=${people} stays=${t("bulk.keep")} />
      </select>
    </label>
    <label class="filter filter-note">
      <span>${t("incident.note")}</span>
      <input name="bulk-note" maxlength="2000" value=${note} onInput=${(e) => setNote(e.target.value)} />
    </label>
    <div class="bulk-buttons">
      <button type="submit" class="small" disabled=${send.busy || Object.keys(change).length === 0}>
        ${t("bulk.apply")}
      </button>
      <button type="button" class="quiet" onClick=${onClear}>${t("bulk.clear")}</button>
    </div>
    <${Fault} error=${send.error} />
  </form>`;
}
