// SPDX-License-Identifier: Apache-2.0
// Pieces of forms: a field with its word and its fault, sending, and asking twice.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n.js";

/* Sends by `send(values)`; error is the word of the collector's answer ("name", "zone", "busy"). */
export function useSend(send, onDone) {
  const [state, setState] = useState({ busy: false, error: null, done: false });
  const run = async (...values) => {
    setState({ busy: true, error: null, done: false });
    try {
      const answer = await send(...values);
      setState({ busy: false, error: null, done: true });
      if (onDone) onDone(answer);
    } catch (error) {
      setState({ busy: false, error: error.message || "error", done: false });
    }
  };
  return { ...state, run };
}

const known = (word) => t(`wrong.${word}`) !== `wrong.${word}`;
export const fault = (word) => t(known(word) ? `wrong.${word}` : "wrong.error");

export function Field({ label, hint, name, error, children, ...props }) {
  const wrong = Boolean(name) && error === name;
  return html`<label class="field">
    ${label}
    ${children ||
    html`<input
      name=${name}
      aria-invalid=${wrong ? "true" : undefined}
      aria-describedby=${wrong ? `wrong-${name}` : undefined}
      ...${props}
    />`}
    ${hint && html`<small>${hint}</small>`}
    ${wrong && html`<small class="wrong" id=${`wrong-${name}`} role="alert">${fault(name)}</small>`}
  </label>`;
}

/* The fault that belongs to no field of the form. */
export const Fault = ({ error, fields = [] }) =>
  error && !fields.includes(error)
    ? html`<p class="form-error" role="alert">${fault(error)}</p>`
    : null;

export const Told = ({ children }) => html`<p class="told" role="status">${children}</p>`;

/* A button that asks once more before it acts. */
export function Sure({ label, question, busy, onSure, kind = "outline danger" }) {
  const [asked, setAsked] = useState(false);
  const yes = useRef(null);
  useEffect(() => {
    if (asked) yes.current.focus();
  }, [asked]);
  if (!asked)
    return html`<button type="button" class="small ${kind}" disabled=${busy} onClick=${() => setAsked(true)}>
      ${label}
    </button>`;
  return html`<span class="sure" role="group" aria-label=${question}>
    <span>${question}</span>
    <button
      type="button"
      class="small danger"
      ref=${yes}
      disabled=${busy}
      onClick=${() => {
        setAsked(false);
        onSure();
      }}
    >
      ${label}
    </button>
    <button type="button" class="quiet" onClick=${() => setAsked(false)}>${t("cancel")}</button>
  </span>`;
}

/* Text to be typed elsewhere, with a button that copies it. */
export function Copy({ text, label }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false); // it can be marked and copied by hand
    }
  };
  return html`<div class="copy">
    <pre tabindex="0" aria-label=${label}><code>${text}</code></pre>
    <button type="button" class="small outline" onClick=${copy}>
      <span role="status">${copied ? t("copied") : t("copy")}</span>
    </button>
  </div>`;
}
