// SPDX-License-Identifier: Apache-2.0
// Whom an incident may be given to.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.js";
import { t } from "../i18n.js";

export function useAssignees() {
  const [people, setPeople] = useState([]);
  useEffect(() => {
    get("/api/assignees").then(
      (answer) => setPeople(answer.items),
      () => {}, // the choice is shorter then
    );
  }, []);
  return people;
}

/* The options of a select: `stays` is the word of the first one. */
export const AssigneeOptions = ({ people, stays }) => html`
  ${stays && html`<option value="keep">${stays}</option>`}
  <option value="me">${t("assign.me")}</option>
  <option value="">${t("assign.nobody")}</option>
  ${people.map((p) => html`<option value=${p.id}>${p.name}</option>`)}
`;
