// SPDX-License-Identifier: Apache-2.0
// Icons of Lucide (ISC), as text in the bundle. They only decorate: each stands beside words.
import { html } from "htm/preact";
import arrowLeft from "lucide-static/icons/arrow-left.svg";
import bookmark from "lucide-static/icons/bookmark.svg";
import x from "lucide-static/icons/x.svg";
import check from "lucide-static/icons/circle-check.svg";
import chevronRight from "lucide-static/icons/chevron-right.svg";
import circleAlert from "lucide-static/icons/circle-alert.svg";
import info from "lucide-static/icons/info.svg";
import logOut from "lucide-static/icons/log-out.svg";
import mail from "lucide-static/icons/mail.svg";
import mailX from "lucide-static/icons/mail-x.svg";
import monitor from "lucide-static/icons/monitor.svg";
import octagon from "lucide-static/icons/octagon-alert.svg";
import overview from "lucide-static/icons/layout-dashboard.svg";
import siren from "lucide-static/icons/siren.svg";
import store from "lucide-static/icons/store.svg";
import user from "lucide-static/icons/circle-user-round.svg";
import users from "lucide-static/icons/users-round.svg";
import triangle from "lucide-static/icons/triangle-alert.svg";
import wifi from "lucide-static/icons/wifi.svg";
import wifiOff from "lucide-static/icons/wifi-off.svg";

const icons = {
  arrowLeft,
  bookmark,
  x,
  check,
  chevronRight,
  circleAlert,
  info,
  logOut,
  mail,
  mailX,
  monitor,
  octagon,
  overview,
  siren,
  store,
  triangle,
  user,
  users,
  wifi,
  wifiOff,
};

export const Icon = ({ name }) =>
  html`<span class="icon" aria-hidden="true" dangerouslySetInnerHTML=${{ __html: icons[name] }} />`;

/* The sign of the product, drawn as the page's icon is. */
export const Mark = () =>
  html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" class="mark-ground" />
    <path d="M16 6l8 3v6.6c0 4.9-3.2 8.6-8 10.4-4.8-1.8-8-5.5-8-10.4V9z" class="mark-shield" />
    <circle cx="16" cy="15.5" r="3.2" class="mark-eye" />
  </svg>`;
