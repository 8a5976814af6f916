// SPDX-License-Identifier: Apache-2.0
// Starts the dashboard: asks who we are, then shows login or the page of the address.
import { render } from "preact";
import { html } from "htm/preact";
import { ready } from "./i18n.js";
import { me, loadMe } from "./state.js";
import { route } from "./router.js";
import { Shell } from "./parts/shell.js";
import { Login } from "./pages/login.js";
import { Overview } from "./pages/overview.js";
import { Incidents } from "./pages/incidents.js";
import { Incident } from "./pages/incident.js";
import { Exceptions } from "./pages/exceptions.js";
import { Noise } from "./pages/noise.js";
import { Agents } from "./pages/agents.js";
import { Agent } from "./pages/agent.js";
import { Sites } from "./pages/sites.js";
import { Site } from "./pages/site.js";
import { Account } from "./pages/account.js";
import { People } from "./pages/people.js";
import { Audit } from "./pages/audit.js";
import { Forgot } from "./pages/forgot.js";
import { NewPassword } from "./pages/new_password.js";
import { SetUp } from "./pages/set_up.js";
import { Missing } from "./pages/missing.js";

function page(where) {
  const [first, second] = where.path;
  if (first === undefined) return html`<${Overview} />`;
  if (first === "incidents" && second !== undefined)
    return html`<${Incident} id=${second} key=${second} />`;
  if (first === "incidents") return html`<${Incidents} />`;
  if (first === "exceptions") return html`<${Exceptions} />`;
  if (first === "noise") return html`<${Noise} />`;
  if (first === "agents" && second !== undefined) return html`<${Agent} id=${second} key=${second} />`;
  if (first === "sites" && second !== undefined) return html`<${Site} id=${second} key=${second} />`;
  if (first === "sites") return html`<${Sites} />`;
  if (first === "agents") return html`<${Agents} />`;
  if (first === "account") return html`<${Account} />`;
  if (first === "people") return html`<${People} />`;
  if (first === "audit") return html`<${Audit} />`;
  return html`<${Missing} />`;
}

function App() {
  if (me.value === undefined || !ready.value) return null; // not known yet
  const [first, second] = route.value.path;
  if (first === "password" && second) return html`<${NewPassword} link=${second} />`;
  if (me.value === null) return first === "forgot" ? html`<${Forgot} />` : html`<${Login} />`;
  if (me.value.setUp) return html`<${SetUp} />`;
  return html`<${Shell}>${page(route.value)}<//>`;
}

loadMe();
render(html`<${App} />`, document.getElementById("app"));
