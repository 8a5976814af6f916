// SPDX-License-Identifier: Apache-2.0
// Times as the shop's clock shows them, and how long ago.
import { html } from "htm/preact";
import { language, t } from "./i18n.js";

function formatter(options, zone) {
  try {
    return new Intl.DateTimeFormat(language.value, { ...options, timeZone: zone || undefined });
  } catch {
    return new Intl.DateTimeFormat(language.value, options); // a zone that this browser lacks
  }
}

const SHORT = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const FULL = { dateStyle: "full", timeStyle: "long" };

export function Time({ at, zone }) {
  const when = new Date(at);
  if (!at || Number.isNaN(when.getTime())) return html`<span>${t("none")}</span>`;
  const short = { ...SHORT };
  if (when.getFullYear() !== new Date().getFullYear()) short.year = "numeric";
  return html`<time datetime=${at} title=${formatter(FULL, zone).format(when)}
    >${formatter(short, zone).format(when)}</time
  >`;
}

const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

export function Ago({ at }) {
  const when = new Date(at);
  if (!at || Number.isNaN(when.getTime())) return html`<span>${t("never")}</span>`;
  const seconds = (Date.now() - when.getTime()) / 1000;
  const [unit, size] = STEPS.find(([, s]) => seconds >= s) || ["minute", 60];
  const text =
    seconds < 60
      ? t("now")
      : new Intl.RelativeTimeFormat(language.value, { numeric: "auto", style: "long" }).format(
          -Math.floor(seconds / size),
          unit,
        );
  return html`<time datetime=${at} title=${formatter(FULL).format(when)}>${text}</time>`;
}

/* A calendar day "2026-11-22", which belongs to no zone. */
export const dayName = (day) =>
  formatter({ day: "numeric", month: "short", timeZone: "UTC" }, "UTC").format(
    new Date(`${day}T00:00:00Z`),
  );
export const dayLong = (day) =>
  formatter({ weekday: "short", day: "numeric", month: "short" }, "UTC").format(
    new Date(`${day}T00:00:00Z`),
  );
