// SPDX-License-Identifier: Apache-2.0
// The pages beside the list of incidents.
import { html } from "htm/preact";
import { t } from "../i18n.js";
import { address, route } from "../router.js";

export const TriageNav = () =>
  html`<nav class="tabs" aria-label=${t("triage.pages")}>
    <ul>
      ${["incidents", "exceptions", "noise"].map(
        (page) => html`<li>
          <a href=${address([page])} aria-current=${route.value.path[0] === page ? "page" : undefined}>
            ${t(`triage.${page}`)}
          </a>
        </li>`,
      )}
    </ul>
  </nav>`;
