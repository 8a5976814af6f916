// SPDX-License-Identifier: Apache-2.0
// Saved views: filters under a name, one's own and those that others share.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { get, post } from "../api.js";
import { t } from "../i18n.js";
import { address } from "../router.js";
import { Fault, useSend } from "./form.js";
import { Icon } from "./icons.js";

const KEYS = ["state", "severity", "site", "detector", "assignee", "q"];

export const viewOf = (query) =>
  new URLSearchParams(KEYS.filter((k) => query[k]).map((k) => [k, query[k]])).toString();

function Save({ query, onSaved }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const send = useSend(
    () => post("/api/views", { name: name.trim(), query: viewOf(query), shared }),
    (answer) => {
      setOpen(false);
      setName("");
      onSaved(answer.items);
    },
  );
  if (!open)
    return html`<button type="button" class="quiet" onClick=${() => setOpen(true)}>
      <${Icon} name="bookmark" />${t("views.save")}
    </button>`;
  return html`<form
    class="inline view-form"
    onSubmit=${(e) => {
      e.preventDefault();
      send.run();
    }}
  >
    <label class="field">
      ${t("views.name")}
      <input name="view" required maxlength="60" value=${name} onInput=${(e) => setName(e.target.value)} />
    </label>
    <label class="check">
      <input type="checkbox" checked=${shared} onChange=${(e) => setShared(e.target.checked)} />
      ${t("views.shared")}
    </label>
    <button type="submit" class="small" disabled=${send.busy}>${t("save")}</button>
    <button type="button" class="quiet" onClick=${() => setOpen(false)}>${t("cancel")}</button>
    <${Fault} error=${send.error} />
  </form>`;
}

const View = ({ view, here, onRemove }) => {
  const query = Object.fromEntries(new URLSearchParams(view.query));
  return html`<li class="view ${here ? "here" : ""}">
    <a href=${address(["incidents"], query)} aria-current=${here ? "page" : undefined}>${view.name}</a>
    ${view.shared && !view.mine && html`<small>${view.who}</small>`}
    ${view.mine &&
    html`<button type="button" aria-label=${t("views.remove", { name: view.name })} onClick=${onRemove}>
      <${Icon} name="x" />
    </button>`}
  </li>`;
};

export function Views({ query, savable }) {
  const [views, setViews] = useState([]);
  useEffect(() => {
    get("/api/views").then(
      (answer) => setViews(answer.items),
      () => {},
    );
  }, []);
  const here = viewOf(query);
  const remove = (view) =>
    post(`/api/views/${view.id}`, { action: "remove" }).then(
      (answer) => setViews(answer.items),
      () => {},
    );
  if (views.length === 0 && !savable) return null;
  return html`<div class="views">
    ${views.length > 0 &&
    html`<ul aria-label=${t("views.title")}>
      ${views.map(
        (v) => html`<${View} view=${v} here=${v.query === here} key=${v.id} onRemove=${() => remove(v)} />`,
      )}
    </ul>`}
    ${savable && !views.some((v) => v.query === here) && html`<${Save} query=${query} onSaved=${setViews} />`}
  </div>`;
}
