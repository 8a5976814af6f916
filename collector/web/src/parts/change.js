// SPDX-License-Identifier: Apache-2.0
// The form that moves an incident to another state.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { route } from "../router.js";
import { Panel } from "./page.js";
import { STATES } from "./severity.js";

export function Change({ incident, onSaved }) {
  const [state, setState] = useState(incident.state);
  const [note, setNote] = useState("");
  const [told, setTold] = useState(null); // "saving", "saved", "not_saved"
  const first = useRef(null);

  useEffect(() => setState(incident.state), [incident.state]);
  useEffect(() => {
    if (route.value.query.edit) first.current.focus();
    const press = (event) => {
      if (event.key !== "e" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      first.current.focus();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  async function submit(event) {
    event.preventDefault();
    setTold("saving");
    try {
      await post(`/api/incidents/${encodeURIComponent(incident.id)}`, { state, note: note.trim() });
      setNote("");
      setTold("saved");
      onSaved();
    } catch {
      setTold("not_saved");
    }
  }

  return html`<${Panel} title=${t("incident.change")} kind="change">
    <form onSubmit=${submit}>
      <label>
        ${t("incident.new_state")}
        <select ref=${first} name="state" value=${state} onChange=${(e) => setState(e.target.value)}>
          ${STATES.map((s) => html`<option value=${s}>${t(`state.${s}`)}</option>`)}
        </select>
      </label>
      <label>
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
    </form>
  <//>`;
}
