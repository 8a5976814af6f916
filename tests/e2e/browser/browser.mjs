// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium for the tests: node_modules are where VIGIA_BROWSER_MODULES says.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.env.VIGIA_BROWSER_MODULES, "here.cjs"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const launch = () =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

export const context = (browser, options) =>
  browser.newContext({
    viewport: { width: 1280, height: 900 },
    ignoreHTTPSErrors: true, // the collector's CA was made a moment ago
    locale: "es-MX",
    timezoneId: "UTC", // not the shop's: times must be the shop's all the same
    ...options,
  });

/* What axe-core finds on the page, serious or worse. It goes in by the debugger, past the page's
 * content security policy, which stays in force. */
export async function accessibility(page) {
  const cdp = await page.context().newCDPSession(page);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const { result } = await cdp.send("Runtime.evaluate", {
    expression: `${axe};axe.run(document,{runOnly:${JSON.stringify(tags)}}).then((r)=>JSON.stringify(
      r.violations.filter((v)=>["serious","critical"].includes(v.impact))
        .map((v)=>v.id+": "+v.nodes.map((n)=>n.html.slice(0,120)).join(" | "))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await cdp.detach();
  return JSON.parse(result.value);
}

/* Nothing is on its way any more. (The network is never idle: an open page listens for what is new.) */
export async function quiet(page) {
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  await page.waitForTimeout(400);
}

/* From the address to the first page. Signing in stands here alone. */
export async function signIn(page, url, user, password) {
  await page.goto(url);
  await page.locator("form input[name=user]").fill(user);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.locator("nav.places").waitFor();
}

/* look(name): axe, no sideways scrolling at phone and desk, pictures where a folder is given; what main says. */
export function looker(page, pictures, fine = /401/) {
  const seen = { violations: {}, errors: [], overflow: [] };
  page.setDefaultTimeout(15000);
  page.on("pageerror", (e) => seen.errors.push(String(e)));
  page.on("console", (m) => {
    if (m.type() === "error" && !fine.test(m.text())) seen.errors.push(m.text());
  });
  const settled = async () => {
    await page.waitForFunction(() => document.getAnimations().length > 0, null, { timeout: 600 }).catch(() => {});
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map((a) => a.finished)));
  };
  async function look(name) {
    await quiet(page);
    seen.violations[name] = await accessibility(page);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
        seen.overflow.push(`${name} at ${width}`);
      for (const colorScheme of pictures ? ["light", "dark"] : []) {
        await page.emulateMedia({ colorScheme });
        await settled();
        await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      if (pictures) await page.emulateMedia({ colorScheme: "light" });
    }
    return (await page.locator("main").innerText()).replaceAll("\u00a0", " ");
  }
  async function dark(name) {
    await page.emulateMedia({ colorScheme: "dark" });
    await settled();
    seen.violations[name] = await accessibility(page);
  }
  return { seen, look, dark };
}
