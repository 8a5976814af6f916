// SPDX-License-Identifier: Apache-2.0
// The provider's people before they see anything: a second factor.
import { html } from "htm/preact";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { useLoad } from "../load.js";
import { loadMe, logout } from "../state.js";
import { Door } from "../parts/door.js";
import { Waiting } from "../parts/page.js";
import { SecondFactor } from "../parts/second_factor.js";

export function SetUp() {
  const load = useLoad(() => post("/api/factor", {}), []);
  return html`<${Door} title=${t("factor.title")} wide>
    <p>${t("factor.why")}</p>
    <${Waiting} load=${load} />
    ${load.data && html`<${SecondFactor} begun=${load.data} onDone=${loadMe} />`}
    <p class="beside">
      <button type="button" class="quiet" onClick=${logout}>${t("nav.logout")}</button>
    </p>
  <//>`;
}
