// SPDX-License-Identifier: Apache-2.0
// Signing in with a second factor, one's account, people, the trail; prints what was seen as JSON.
// node sign_in.mjs URL USER PASSWORD [FOLDER for pictures]
import { createHmac } from "node:crypto";
import { accessibility, context, launch, quiet } from "./browser.mjs";

const [url, user, password, pictures] = process.argv.slice(2);
const seen = { violations: {}, errors: [], overflow: [] };
const browser = await launch();
const page = await (await context(browser)).newPage();
page.setDefaultTimeout(15000);
page.on("pageerror", (e) => seen.errors.push(String(e)));
page.on("console", (m) => {
  // 401: nobody is in, or a code is missing; 403: a wrong code; 409: a name is taken
  if (m.type() === "error" && !/40[139]/.test(m.text())) seen.errors.push(m.text());
});

/* RFC 6238 with its defaults, as an app on a phone. */
function code(secret, shift = 0) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0"));
  const key = Buffer.from(bits.join("").match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + shift));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

async function look(name) {
  await quiet(page);
  seen.violations[name] = await accessibility(page);
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
      seen.overflow.push(`${name} at ${width}`);
    if (pictures)
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(400);
        await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    await page.emulateMedia({ colorScheme: "light" });
  }
  return (await page.locator("main").innerText()).replaceAll("\u00a0", " ");
}

async function signIn(typed) {
  await page.locator("input[name=user]").fill(user);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.locator("input[name=code], .qr").first().waitFor();
  if (!typed) return;
  await page.locator("input[name=code]").fill(typed);
  await page.locator("button[type=submit]").click();
}

await page.goto(url);
await page.locator("input[name=user]").waitFor();
await look("login");
await signIn();
seen.setUp = await look("set-up");
await page.locator("details summary", { hasText: "Escriba la clave" }).click();
const secret = (await page.locator("details pre").innerText()).trim();
await page.locator("input[name=code]").fill("000000");
await page.locator("button[type=submit]").click();
await page.locator("[role=alert]").waitFor();
await page.locator("input[name=code]").fill(code(secret));
await page.locator("button[type=submit]").click();
await page.locator(".recovery").waitFor();
seen.recovery = (await page.locator(".recovery pre").innerText()).trim().split("\n");
await look("recovery");
await page.locator(".recovery > button").click();
await page.locator("nav.places").waitFor();

await page.locator("nav a", { hasText: "Personas" }).click();
await page.locator("ul.rows li").first().waitFor();
await page.locator("aside input[name=exists]").fill("beto");
await page.locator("aside select").nth(0).selectOption({ label: "Clientes" });
await page.locator("aside button[type=submit]").click();
await page.locator("aside .copy pre").waitFor();
seen.made = (await page.locator("aside .copy pre").innerText()).trim();
await page.locator("summary.row", { hasText: "beto" }).click();
seen.people = await look("people");
await page.locator("details[open] button", { hasText: "Quitar" }).click();
await page.locator(".sure button", { hasText: "Quitar" }).click();
await page.locator("summary.row", { hasText: "beto" }).waitFor({ state: "detached" });

await page.locator(".who-link").click();
await page.locator("h1", { hasText: "Su cuenta" }).waitFor();
await page.locator("summary", { hasText: "Crear un pase" }).click();
await page.locator("input[name=name]").fill("reporte mensual");
await page.locator("form.stacked button", { hasText: "Crear" }).click();
await page.locator(".copy pre").waitFor();
seen.token = (await page.locator(".copy pre").innerText()).trim();
seen.account = await look("account");
await page.locator("p.hint a", { hasText: "Registro" }).click();
await page.locator("table tbody tr").first().waitFor();
seen.audit = await look("audit");

await page.locator(".who button").click();
await signIn(seen.recovery[0]);
await page.locator("nav.places").waitFor();
await page.locator(".who button").click();
await signIn("999999");
await page.locator("[role=alert]").waitFor();
seen.wrongCode = await look("code");
await page.locator("button.quiet", { hasText: "Regresar" }).click();
await page.locator("a", { hasText: "Olvidó" }).click();
await page.locator("input[name=user]").fill(user);
await look("forgot");
await page.locator("button[type=submit]").click();
await page.locator("main [role=status]").waitFor();
seen.forgot = await look("sent");
await page.goto(`${url}/#/password/x.y`);
await page.locator("h1", { hasText: "Contraseña nueva" }).waitFor();
await page.locator("input[autocomplete=new-password]").fill("una frase cualquiera");
await page.locator("button[type=submit]").click();
await page.locator("[role=alert]").waitFor();
seen.badLink = await look("bad-link");
await browser.close();
console.log(JSON.stringify(seen));
