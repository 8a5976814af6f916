// SPDX-License-Identifier: Apache-2.0
// Agents with trouble; prints what was seen as JSON. node troubled.mjs URL USER PASSWORD [FOLDER]
import { context, launch, looker, signIn } from "./browser.mjs";

const [url, user, password, pictures] = process.argv.slice(2);
const browser = await launch();
const page = await (await context(browser)).newPage();
const { seen, look, dark } = looker(page, pictures);

await signIn(page, url, user, password);
await page.locator("nav a", { hasText: "Equipos" }).click();
await page.locator("table.cards").waitFor();
seen.all = await look("troubled");
await page.locator("label.filter select").nth(1).selectOption("1");
await page.waitForFunction(() => document.querySelectorAll("table.cards tbody tr").length === 3);
seen.only = await look("troubled-only");
await page.locator("table.cards th a", { hasText: "CAJA-COPIADA" }).click();
await page.locator(".notice").waitFor();
seen.agent = await look("troubled-agent");
await dark("troubled-dark");
await browser.close();
console.log(JSON.stringify(seen));
