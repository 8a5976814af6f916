// SPDX-License-Identifier: Apache-2.0
// Shops, tokens and agents in the dashboard; prints what was seen as JSON.
// node fleet.mjs URL USER PASSWORD [FOLDER for pictures]
import { context, launch, looker, signIn } from "./browser.mjs";

const [url, user, password, pictures] = process.argv.slice(2);
const browser = await launch();
const page = await (await context(browser)).newPage();
// 401: nobody is logged in; 409: a name is taken, which this visit tries
const { seen, look, dark } = looker(page, pictures, /40[19]/);

await signIn(page, url, user, password);
await page.locator("nav a", { hasText: "Tiendas" }).click();
await page.locator("a.row").first().waitFor();
seen.sites = await look("sites");

await page.locator("details.adding summary", { hasText: "Agregar una tienda" }).click();
await page.locator("details.adding[open] input[name=name]").first().fill("Tacos El Güero");
await page.locator("details.adding[open] button[type=submit]").first().click();
await page.locator(".wrong").waitFor();
seen.twice = await look("twice");
await page.locator("details.adding[open] input[name=name]").first().fill("Papelería Luz");
await page.locator("details.adding[open] .hours-row input").nth(0).fill("09:00");
await page.locator("details.adding[open] .hours-row input").nth(1).fill("18:00");
await page.locator("details.adding[open] button.quiet").first().click();
await page.locator("details.adding[open] button[type=submit]").first().click();
await page.locator("h1", { hasText: "Papelería Luz" }).waitFor();
seen.made = await look("site");

await page.locator("button", { hasText: "Crear un pase" }).click();
await page.locator(".copy").first().waitFor();
await page.locator(".enrol .rows li").waitFor();
seen.token = await look("token");
await page.locator("button", { hasText: "Retirar" }).click();
await page.locator(".sure button", { hasText: "Retirar" }).click();
await page.locator(".enrol .rows").waitFor({ state: "detached" });
seen.withdrawn = await look("withdrawn");
await page.locator("details.adding summary", { hasText: "Cambiar la tienda" }).click();
await look("site-form");
await page.locator("button[lang=en]").click();
await page.locator("legend", { hasText: "Opening hours" }).waitFor();
seen.english = await look("english");
await page.locator("button[lang='es-MX']").click();

await page.locator("nav a", { hasText: "Equipos" }).click();
await page.locator("table.cards").waitFor();
seen.agents = await look("agents");
await page.locator("table.cards th a").click();
await page.locator("dl.summary").waitFor();
seen.agent = await look("agent");
for (const [word, done] of [["Revocar", ".agent-state.revoked"], ["Quitar", ".filters"]]) {
  await page.locator("button", { hasText: word }).click();
  await page.locator(".sure button", { hasText: word }).click();
  await page.locator(done).first().waitFor();
  seen[word === "Revocar" ? "revoked" : "removed"] = await look(word);
}
await dark("dark");
await browser.close();
console.log(JSON.stringify(seen));
