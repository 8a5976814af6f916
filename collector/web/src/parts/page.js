// SPDX-License-Identifier: Apache-2.0
// Small pieces that pages share: heading, panel, empty and error states.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n.js";
import { Icon } from "./icons.js";

/* A page that opens is told to readers of the screen by putting the focus on its heading. */
export function Heading({ children, title }) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus({ preventScroll: true }), []);
  useEffect(() => {
    document.title = `${title || children} · Vigía`;
  }, [title, children]);
  return html`<h1 tabindex="-1" ref=${heading}>${children}</h1>`;
}

export const Panel = ({ title, hint, kind = "", children }) =>
  html`<section class="panel ${kind}">
    <header>
      <h2>${title}</h2>
      ${hint && html`<p class="hint">${hint}</p>`}
    </header>
    ${children}
  </section>`;

export const Empty = ({ icon = "check", title, children }) =>
  html`<div class="empty">
    <${Icon} name=${icon} />
    <p class="empty-title">${title}</p>
    ${children && html`<p>${children}</p>`}
  </div>`;

function explain(error) {
  if (error.status === 0) return t("error.offline");
  if (error.status === 403 || error.status === 404) return t("error.gone");
  return t("error.server", { status: String(error.status) });
}

/* What stands in a page while its data are not there; null once they are. */
export function Waiting({ load }) {
  if (load.error)
    return html`<div class="notice" role="alert">
      <${Icon} name="triangle" />
      <p><strong>${t("error.title")}.</strong> ${explain(load.error)}</p>
      <button type="button" class="outline" onClick=${load.reload}>${t("retry")}</button>
    </div>`;
  if (load.data === null) return html`<p class="loading" aria-busy="true">${t("loading")}</p>`;
  return null;
}

/* A wide table scrolls by itself, also with the keyboard. */
export const Scroll = ({ label, children }) =>
  html`<div class="scroll" role="region" tabindex="0" aria-label=${label}>${children}</div>`;
