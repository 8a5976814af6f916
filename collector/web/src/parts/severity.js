// SPDX-License-Identifier: Apache-2.0
// Severity and state are never told by colour alone: icon and word stand beside it.
import { html } from "htm/preact";
import { t } from "../i18n.js";
import { Icon } from "./icons.js";

export const SEVERITIES = ["critical", "high", "medium", "low"];
export const STATES = [
  "new",
  "acknowledged",
  "in_progress",
  "resolved_true",
  "resolved_false",
  "resolved_expected",
];

const ICONS = {
  critical: "octagon",
  high: "triangle",
  medium: "circleAlert",
  low: "info",
  info: "info",
};

export const Severity = ({ is }) =>
  is in ICONS
    ? html`<span class="badge ${is}"><${Icon} name=${ICONS[is]} />${t(`severity.${is}`)}</span>`
    : html`<span>${t("none")}</span>`;

export const State = ({ is }) =>
  html`<span class="state ${is.startsWith("resolved") ? "resolved" : is}">${t(`state.${is}`)}</span>`;
