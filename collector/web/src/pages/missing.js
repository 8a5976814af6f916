// SPDX-License-Identifier: Apache-2.0
import { html } from "htm/preact";
import { t } from "../i18n.js";
import { address } from "../router.js";
import { Heading } from "../parts/page.js";

export const Missing = () => html`
  <${Heading}>${t("error.missing")}<//>
  <p><a href=${address([])}>${t("error.home")}</a></p>
`;
