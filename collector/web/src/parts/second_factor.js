// SPDX-License-Identifier: Apache-2.0
// Setting up the second factor: a picture for the phone, a first code, codes for the day it is lost.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { Copy, Fault, useSend } from "./form.js";
import { Code } from "./secret.js";

const QUIET = 4; // modules of white around a QR code (ISO/IEC 18004, 5.3.8)

/* Dark on light in either theme: cameras want it so. */
function Picture({ picture }) {
  const size = picture.size + 2 * QUIET;
  const path = picture.rows
    .map((row, y) =>
      [...row.matchAll(/1+/g)].map((m) => `M${m.index + QUIET} ${y + QUIET}h${m[0].length}v1h-${m[0].length}z`).join(""),
    )
    .join("");
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label=${t("factor.picture")}>
    <rect width=${size} height=${size} fill="#fff" />
    <path d=${path} fill="#000" shape-rendering="crispEdges" />
  </svg>`;
}

export function RecoveryCodes({ codes, onDone }) {
  return html`<div class="recovery">
    <h2>${t("factor.recovery")}</h2>
    <p>${t("factor.recovery_why")}</p>
    <${Copy} text=${codes.join("\n")} label=${t("factor.recovery")} />
    <button type="button" onClick=${onDone}>${t("factor.saved")}</button>
  </div>`;
}

export function SecondFactor({ begun, onDone }) {
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState(null);
  const { busy, error, run } = useSend(
    () => post("/api/factor/confirm", { code }),
    (answer) => setCodes(answer.recovery),
  );
  if (codes) return html`<${RecoveryCodes} codes=${codes} onDone=${onDone} />`;
  return html`<form
    onSubmit=${(e) => {
      e.preventDefault();
      run();
    }}
  >
    <ol class="steps">
      <li>${t("factor.app")}</li>
      <li>
        ${t("factor.scan")}
        <${Picture} picture=${begun.picture} />
        <details>
          <summary>${t("factor.by_hand")}</summary>
          <${Copy} text=${begun.secret} label=${t("factor.secret")} />
        </details>
      </li>
      <li>${t("factor.type")}<${Code} label=${t("factor.code")} error=${error} value=${code} onValue=${setCode} /></li>
    </ol>
    <${Fault} error=${error} fields=${["code"]} />
    <button type="submit" disabled=${busy} aria-busy=${busy}>${t("factor.confirm")}</button>
  </form>`;
}
