// SPDX-License-Identifier: Apache-2.0
// The README's pictures. node pictures.mjs URL USER PASSWORD MAIL.html FOLDER
import { join } from "node:path";
import { context, launch, quiet, signIn } from "./browser.mjs";

const [url, user, password, mail, folder] = process.argv.slice(2);
const browser = await launch();
const page = await (await context(browser, { viewport: { width: 1240, height: 800 } })).newPage();
await signIn(page, url, user, password);
await page.locator(".chart canvas").waitFor();
await quiet(page);
await page.screenshot({ path: join(folder, "dashboard.png") });

await page.locator("nav a", { hasText: "Incidentes" }).click();
await page.locator("a.incident", { hasText: "tarjetas" }).first().click();
await page.locator(".message").waitFor();
await quiet(page);
await page.screenshot({ path: join(folder, "incident.png") });

const letter = await (await context(browser, { viewport: { width: 480, height: 740 } })).newPage();
await letter.goto(`file://${mail}`);
await letter.screenshot({ path: join(folder, "mail.png") });
await browser.close();
console.log("{}");
