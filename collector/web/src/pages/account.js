// SPDX-License-Identifier: Apache-2.0
// One's own account: password, second factor, other sessions, tokens for programs.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { mayAudit } from "../rights.js";
import { address } from "../router.js";
import { loadMe, me } from "../state.js";
import { Fault, Sure, Told, useSend } from "../parts/form.js";
import { Heading, Panel } from "../parts/page.js";
import { Programs } from "../parts/programs.js";
import { RecoveryCodes, SecondFactor } from "../parts/second_factor.js";
import { Code, Password } from "../parts/secret.js";

const sends = (run) => (event) => {
  event.preventDefault();
  run();
};

function OwnPassword() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const { busy, error, done, run } = useSend(
    () => post("/api/password", { old, new: fresh }),
    () => {
      setOld("");
      setFresh("");
    },
  );
  return html`<${Panel} title=${t("login.password")} hint=${t("password.others")}>
    <form class="stacked" onSubmit=${sends(run)}>
      <${Password}
        label=${t("password.old")}
        name="password"
        error=${error}
        autocomplete="current-password"
        value=${old}
        onValue=${setOld}
      />
      <${Password}
        label=${t("password.new")}
        hint=${t("password.hint")}
        name="short"
        error=${error}
        autocomplete="new-password"
        value=${fresh}
        onValue=${setFresh}
      />
      <${Fault} error=${error} fields=${["password", "short"]} />
      <button type="submit" disabled=${busy}>${t("password.change")}</button>
      <${Told}>${done ? t("saved") : ""}<//>
    </form>
  <//>`;
}

/* New recovery codes, for a code of the phone: those that were there are gone. */
function Recovery({ onCodes }) {
  const [code, setCode] = useState("");
  const { busy, error, run } = useSend(
    () => post("/api/factor/recovery", { code }),
    (answer) => onCodes(answer.recovery),
  );
  return html`<details class="more-of">
    <summary>${t("factor.recovery_left", { n: me.value.recoveryLeft })}</summary>
    <form class="stacked" onSubmit=${sends(run)}>
      <${Code} label=${t("factor.code")} error=${error} value=${code} onValue=${setCode} />
      <${Fault} error=${error} fields=${["code"]} />
      <button type="submit" class="outline" disabled=${busy}>${t("factor.recovery_anew")}</button>
    </form>
  </details>`;
}

/* Replacing one that is on needs the password; recovery codes anew need a code. */
function Factor() {
  const [codes, setCodes] = useState(null);
  const [begun, setBegun] = useState(null);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const on = me.value.second_factor;
  const begin = useSend(() => post("/api/factor", { password }), setBegun);
  const remove = useSend(() => post("/api/factor/remove", { code }), loadMe);
  const finished = () => {
    setBegun(null);
    setPassword("");
    loadMe();
  };
  if (codes)
    return html`<${Panel} title=${t("factor.title")}><${RecoveryCodes}
        codes=${codes}
        onDone=${() => {
          setCodes(null);
          loadMe();
        }}
    /><//>`;
  return html`<${Panel} title=${t("factor.title")} hint=${t(on ? "factor.is_on" : "factor.is_off")}>
    ${begun
      ? html`<${SecondFactor} begun=${begun} onDone=${finished} />`
      : html`<form class="stacked" onSubmit=${sends(begin.run)}>
          ${on &&
          html`<${Password}
            label=${t("login.password")}
            name="password"
            error=${begin.error}
            autocomplete="current-password"
            value=${password}
            onValue=${setPassword}
          />`}
          <${Fault} error=${begin.error} fields=${on ? ["password"] : []} />
          <button type="submit" disabled=${begin.busy}>${t(on ? "factor.replace" : "factor.begin")}</button>
        </form>`}
    ${on && !begun && html`<${Recovery} onCodes=${setCodes} />`}
    ${on &&
    !begun &&
    !me.value.factorRequired &&
    html`<details class="more-of">
      <summary>${t("factor.remove")}</summary>
      <form class="stacked" onSubmit=${sends(remove.run)}>
        <${Code} label=${t("factor.code")} error=${remove.error} value=${code} onValue=${setCode} />
        <${Fault} error=${remove.error} fields=${["code"]} />
        <button type="submit" class="outline" disabled=${remove.busy}>${t("factor.remove")}</button>
      </form>
    </details>`}
  <//>`;
}

function Sessions() {
  const { busy, error, done, run } = useSend(() => post("/api/sessions/end", {}));
  return html`<${Panel} title=${t("account.elsewhere")} hint=${t("account.elsewhere_hint")}>
    <${Sure} label=${t("account.sign_out_others")} question=${t("account.sure")} busy=${busy} onSure=${run} />
    <${Fault} error=${error} />
    <${Told}>${done ? t("account.signed_out") : ""}<//>
  <//>`;
}

export function Account() {
  return html`
    <${Heading}>${t("account.title")}<//>
    <p class="hint">
      ${me.value.name} · ${t(`role.${me.value.role}`)}${me.value.mail && ` · ${me.value.mail}`}
      ${mayAudit() && html` · <a href=${address(["audit"])}>${t("audit.title")}</a>`}
    </p>
    <div class="halves">
      <div><${OwnPassword} /><${Sessions} /></div>
      <div><${Factor} /><${Programs} /></div>
    </div>
  `;
}
