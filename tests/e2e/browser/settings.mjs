// SPDX-License-Identifier: Apache-2.0
// Settings of all, of a customer, of a shop; prints what was seen as JSON.
// node settings.mjs URL USER PASSWORD [FOLDER for pictures]
import { accessibility, context, launch, quiet, signIn } from "./browser.mjs";

const [url, user, password, pictures] = process.argv.slice(2);
const seen = { violations: {}, errors: [], overflow: [] };
const browser = await launch();
const page = await (await context(browser)).newPage();
page.setDefaultTimeout(15000);
page.on("pageerror", (e) => seen.errors.push(String(e)));
page.on("console", (m) => m.type() === "error" && !/40[01]/.test(m.text()) && seen.errors.push(m.text()));

async function look(name) {
  await quiet(page);
  seen.violations[name] = await accessibility(page);
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
      seen.overflow.push(`${name} at ${width}`);
    if (pictures) await page.screenshot({ path: `${pictures}/${name}-${width}.png`, fullPage: true });
  }
}

const panel = (title) => page.locator("details", { has: page.locator("summary", { hasText: title }) }).last();
const field = (p, label) => p.locator("label.field", { hasText: label }).locator("input, select");

await signIn(page, url, user, password);
await page.locator("nav a", { hasText: "Tiendas" }).click();
await page.locator("a.row").first().waitFor();
let p = panel("Ajustes para todos");
await p.locator("summary").click();
await field(p, "Avisos por semana").fill("2");
await field(p, "Detectores apagados").fill("net.scan, pay.amount");
await p.locator("button[type=submit]").click();
await p.locator(".told", { hasText: "Guardado" }).waitFor();
await look("settings-all");
await field(p, "Detectores apagados").fill("nada que sirva!");
await p.locator("button[type=submit]").click();
await p.locator("[role=alert]").waitFor();
await page.locator("a.row").first().click();
await page.locator("h1", { hasText: "Tacos" }).waitFor();
p = panel("Ajustes de sus equipos");
await p.locator("summary").click();
await field(p, "Avisos por semana").waitFor();
seen.inherited = await field(p, "Avisos por semana").getAttribute("placeholder");
await field(p, "Si un archivo es").selectOption("quarantine");
await p.locator("button[type=submit]").click();
await p.locator(".told", { hasText: "Guardado" }).waitFor();
await look("settings-site");
await browser.close();
console.log(JSON.stringify(seen));
