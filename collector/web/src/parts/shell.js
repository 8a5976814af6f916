// SPDX-License-Identifier: Apache-2.0
// What surrounds every page: mark, navigation, language, sign out.
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { chooseLanguage, logout, me } from "../state.js";
import { language, t } from "../i18n.js";
import { address, route } from "../router.js";
import { mayPeople } from "../rights.js";
import { Icon, Mark } from "./icons.js";
import { KeyHelp } from "./keys.js";

const PLACES = [
  ["overview", "overview", []],
  ["incidents", "siren", ["incidents"]],
  ["sites", "store", ["sites"]],
  ["agents", "monitor", ["agents"]],
  ["people", "users", ["people"], mayPeople],
];

const PARTS_OF = { exceptions: "incidents", noise: "incidents" };

function Places() {
  const here = PARTS_OF[route.value.path[0]] || route.value.path[0] || "";
  return html`<nav class="places" aria-label=${t("nav.main")}>
    <ul>
      ${PLACES.filter(([, , , shown]) => !shown || shown()).map(
        ([name, icon, path]) => html`<li>
          <a href=${address(path)} aria-current=${here === (path[0] || "") ? "page" : undefined}>
            <${Icon} name=${icon} /><span>${t(`nav.${name}`)}</span>
          </a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

export const LanguageChoice = ({ onChoose }) =>
  html`<div class="languages" role="group" aria-label=${t("nav.language")}>
    ${[
      ["es-MX", "Español"],
      ["en", "English"],
    ].map(
      ([code, name]) => html`<button
        type="button"
        lang=${code}
        aria-pressed=${language.value === code}
        onClick=${() => onChoose(code)}
      >
        ${name}
      </button>`,
    )}
  </div>`;

export function Shell({ children }) {
  useEffect(() => {
    scrollTo(0, 0);
  }, [route.value.path.join("/")]);
  return html`<div class="shell">
    <a class="skip" href="#main" onClick=${skip}>${t("nav.skip")}</a>
    <header class="bar">
      <a class="brand" href=${address([])}><${Mark} /><strong>Vigía</strong></a>
      <${Places} />
      <div class="bar-end">
        <${LanguageChoice} onChoose=${chooseLanguage} />
        <div class="who">
          <a
            class="who-link"
            href=${address(["account"])}
            aria-current=${route.value.path[0] === "account" ? "page" : undefined}
            aria-label=${t("nav.account", { name: me.value.name })}
          >
            <${Icon} name="user" /><span class="who-name">${me.value.name}</span>
          </a>
          <button type="button" class="quiet" aria-label=${t("nav.logout")} onClick=${logout}>
            <${Icon} name="logOut" /><span>${t("nav.logout")}</span>
          </button>
        </div>
        <small class="version">${me.value.version && t("version", { version: me.value.version })}</small>
      </div>
    </header>
    <main id="main" tabindex="-1">${children}</main>
    <${KeyHelp} />
  </div>`;
}

function skip(event) {
  event.preventDefault(); // the fragment is the router's
  document.getElementById("main").focus();
}
