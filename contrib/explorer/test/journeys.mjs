// Drives the console in a browser, as its users would: `node journeys.mjs PLAN.json`. Waits for what shall appear, never
// for a time. Prints a line a journey and ends with one of JSON: what the caller is to check on the chain.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { KeySigner } from "@fogcoin/sdk";
import puppeteer from "puppeteer-core";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const axeSource = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const firstLoadMax = 300_000;
const patience = 120_000;
const passphrase = "a passphrase for tests";

const browser = await puppeteer.launch({
  executablePath: plan.chromium,
  userDataDir: plan.profile,
  headless: true,
  // Tests run as root, where Chromium's own sandbox cannot.
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage();
page.setDefaultTimeout(patience);

const troubles = [];
const asked = new Set();
page.on("pageerror", (error) => troubles.push("page error: " + error.message));
page.on("console", (message) => message.type() === "error" && troubles.push("console: " + message.text()));
page.on("response", (answer) => answer.status() >= 400 && troubles.push(`HTTP ${answer.status()} of ${answer.url()}`));
page.on("request", (request) => asked.add(new URL(request.url()).origin));

function check(holds, what) {
  if (!holds) throw new Error(what);
}
async function rpc(method, params = {}) {
  const answer = await fetch(plan.url, { method: "POST", body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
  const { result, error } = await answer.json();
  if (error) throw new Error(method + ": " + error.message);
  return result;
}
const pay = (to, amount) => JSON.parse(execFileSync(plan.pay[0], [...plan.pay.slice(1), `${to}=${amount}`], { encoding: "utf8" }));

const text = () => page.evaluate(() => document.body.innerText);
const sees = (words, within = "body") =>
  page
    .waitForFunction((w, s) => document.querySelector(s)?.innerText.includes(w), {}, words, within)
    .catch(async () => {
      throw new Error(`"${words}" did not appear in ${within} of ${page.url()}, which says:\n${(await text()).slice(0, 1500)}`);
    });
async function click(name, within = "body") {
  const at = await page
    .waitForFunction(
      (n, s) => {
        const all = [...(document.querySelector(s)?.querySelectorAll("button, a, summary") ?? [])];
        return all.find((one) => (one.innerText.trim() === n || one.getAttribute("aria-label") === n) && !one.disabled && one.checkVisibility());
      },
      {},
      name,
      within,
    )
    .catch(async () => {
      throw new Error(`there is no "${name}" to click in ${within} of ${page.url()}, which says:\n${(await text()).slice(0, 1500)}`);
    });
  await at.evaluate((one) => one.click());
}
async function type(label, value, within = "body") {
  const at = await page.waitForFunction(
    (l, s) => {
      const found = [...(document.querySelector(s)?.querySelectorAll("label") ?? [])].find((one) => one.innerText.trim() === l && one.checkVisibility());
      return found && document.getElementById(found.htmlFor);
    },
    {},
    label,
    within,
  );
  await at.evaluate((one, v) => {
    one.value = v;
    one.dispatchEvent(new Event("input", { bubbles: true }));
    one.dispatchEvent(new Event("change", { bubbles: true }));
  }, value);
}
async function go(to) {
  await page.evaluate((t) => (location.hash = t), "#/" + to);
  await page.waitForFunction((t) => location.hash === t && document.querySelector("main h1") && !document.querySelector("main .loading"), {}, "#/" + to);
}
async function shot(name) {
  if (!plan.shots) return;
  mkdirSync(plan.shots, { recursive: true });
  await page.screenshot({ path: `${plan.shots}/${name}.png` });
}
const started = Date.now();
async function journey(name, steps) {
  const from = Date.now();
  try {
    await steps();
  } catch (error) {
    await page.screenshot({ path: plan.profile + "/failed.png" }).catch(() => {});
    console.log(`FAILED ${name}: ${error.stack}\n${troubles.join("\n")}`);
    await browser.close();
    process.exit(1);
  }
  console.log(`ok ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
}

let address = "";
let receiver = "";
let bid = "";
let lease = "";
let paid = null;

await journey("the first page is light and comes from the node alone", async () => {
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(plan.url + "/");
  await page.waitForSelector(".feed li");
  const loaded = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter((one) => one.initiatorType !== "fetch").map((one) => [one.name, one.transferSize]),
  );
  const sum = loaded.reduce((all, [, size]) => all + size, 0);
  console.log(`   first load: ${(sum / 1000).toFixed(1)} kB in ${loaded.length} files, limit ${firstLoadMax / 1000} kB`);
  check(sum > 0 && sum < firstLoadMax, "the first load is too heavy");
  await shot("home");
});

await journey("look at blocks, a payment, an account; find them by searching", async () => {
  paid = pay(plan.owner, 1);
  await go("blocks");
  await sees(Number(paid.height).toLocaleString("en-US"), "main table");
  await go("block/" + paid.height);
  await sees("sends", "main");
  const find = async (words, title) => {
    await page.$eval(".search input", (one, w) => {
      one.value = w;
      one.form.requestSubmit();
    }, words);
    await sees(title, "main h1");
  };
  await find(paid.tx, "Transaction");
  await sees("sends", "main");
  await sees("done", "main");
  await shot("tx");
  await find(plan.owner, "Account");
  await sees(paid.tx.slice(0, 10), "main");
  await shot("account");
  await find(paid.height, "Block");
  await find(plan.host, "Host");
  await sees("Germany", "main");
  await shot("host");
  await find("no such thing", "Search");
  await sees("Nothing of this chain is called so", "main");
});

await journey("make a wallet, receive, and find it locked after a reload", async () => {
  await go("wallet");
  await (await page.waitForSelector("button.path-card")).click();
  await page.waitForSelector(".words-grid li");
  const words = await page.$$eval(".words-grid li", (all) => all.map((one) => one.textContent));
  check(words.length === 24, "a new wallet has 24 words");
  await click("I have written them down");
  await page.waitForSelector("#word-2");
  for (const i of [0, 1, 2]) {
    const place = Number((await page.$eval(`label[for=word-${i}]`, (one) => one.textContent)).replace("Word ", ""));
    await type(`Word ${place}`, words[place - 1]);
  }
  await click("Continue");
  await type("Passphrase", passphrase);
  await type("The same again", passphrase);
  await click("Make the wallet");
  await page.waitForSelector(".balance");
  address = await page.$eval("main .id.whole", (one) => one.textContent.trim());
  check(/^fog1/.test(address), "the wallet shows its address");
  await click("Receive");
  await page.waitForSelector("dialog .qr path");
  await shot("receive");
  await click("Close", "dialog");
  pay(address, 2000);
  await page.waitForSelector('.balance[data-balance="' + (2000n * 1_000_000_000n - BigInt((await rpc("params_get")).chain.account_creation_burn)) + '"]');
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  // Two that follow each other: one alone may be a name of a field ("address").
  check(!words.slice(1).some((word, i) => new RegExp(`\\b${words[i]}[^a-z]+${word}\\b`).test(kept)), "what is kept in the browser hides the words");
  await page.reload();
  await sees("locked", "main");
  await click("Unlock");
  await type("Passphrase", "not the passphrase", "dialog");
  await click("Unlock", "dialog");
  await sees("That is not this wallet's passphrase", "dialog");
  await click("Close", "dialog");
  await shot("wallet");
});

/** Through the dialog that shows what a transaction does, to the block that has it. */
async function sign(...effects) {
  await page.waitForSelector("dialog .effects");
  for (const effect of effects) await sees(effect, "dialog");
  await sees("Fee", "dialog");
  if (await page.$("#confirm-passphrase")) await type("Passphrase of this wallet", passphrase, "dialog");
  await click("Sign and send", "dialog");
}
async function confirm(...effects) {
  await sign(...effects);
  await sees("It cannot be undone", "dialog");
  await click("Close", "dialog .dialog-body");
}

await journey("send, with every effect shown before it is signed", async () => {
  receiver = KeySigner.random().address;
  await click("Send");
  await type("To", receiver.slice(0, -1) + (receiver.endsWith("q") ? "p" : "q"), "dialog");
  await type("Amount", "1.5", "dialog");
  await click("Continue", "dialog");
  await sees("This is not an address", "dialog");
  await type("To", receiver, "dialog");
  await type("Memo (public, optional)", "thanks", "dialog");
  await click("Continue", "dialog");
  await page.waitForSelector("#confirm-passphrase");
  await sees("burned to create its account", "dialog");
  await shot("confirm");
  await confirm("1.5 FOG", receiver, "thanks");
  await sees("final", "main table");
});

await journey("delegate to a validator", async () => {
  await go("stake");
  await click("Delegate", "main table");
  await type("Amount", "25", "dialog");
  await click("Continue", "dialog");
  await confirm("25 FOG", "5 % of all stake");
  await sees("yours", "main");
  await shot("stake");
});

await journey("publish a program, fund a bid, see its lease, top up, resize, stop", async () => {
  await go("publish");
  await type("Name", "from-a-browser");
  await type("Summary", "Uploaded from a page");
  const file = await page.$("#publish-file");
  await file.uploadFile(plan.program);
  await shot("publish");
  await click("Publish", "main form");
  await sign("the name from-a-browser becomes yours", "SHA-256");
  await sees("from-a-browser is published", "main");
  await sees("has it", "main .effects");
  await click("Preview matches and fund it");
  await page.waitForSelector('#market-answer[data-found="1"]');
  await shot("fund");
  await click("Continue", "dialog");
  await confirm("a bid for 1 replica of from-a-browser", "into the bid's escrow");
  await go("deployments");
  await sees("1 placed", "main");
  bid = await page.$eval('main a[href^="#/bid/"]', (one) => one.hash.slice(6));
  lease = await page.$eval('main a[href^="#/lease/"]', (one) => one.hash.slice(8));
  await shot("deployments");
  const answer = await fetch(`${plan.gateway}/from-a-browser/?echo`);
  check(answer.status < 500, `the gateway answers for the service, not ${answer.status}`);
  await go("lease/" + lease);
  await sees("active", "main");
  await go("bid/" + bid);
  await sees("This is your bid", "main");
  await shot("bid");
  await click("Top up", "main");
  await type("Amount", "3", "dialog");
  await click("Continue", "dialog");
  await confirm("3 FOG");
  await click("Change replicas", "main");
  await type("At most", "2", "dialog");
  await click("Continue", "dialog");
  await confirm("from 1–1 to 1–2 replicas");
  await sees("wanted: 1 to 2", "main");
  await click("Stop and close", "main");
  await confirm("1 replica of from-a-browser stop");
  await sees("closed by its Publisher", "main");
});

check([...asked].every((origin) => origin === new URL(plan.url).origin || origin === plan.gateway || origin === "null" || origin.startsWith("blob")), "asked others than the node and the gateway: " + [...asked].join(" "));

const validator = (await rpc("staking_validators")).items[0].record.key;
const pages = [
  "", "blocks", "block/" + paid.height, "tx/" + paid.tx, "account/" + address, "validators", "validator/" + validator, "hosts", "host/" + plan.host,
  "services", "service/from-a-browser", "market", "bid/" + bid, "lease/" + lease, "network", "search?q=nothing-here", "wallet", "stake", "publish",
  "deployments", "hosting?address=" + plan.owner,
];

/** Every page at this width; axe looks at those that `axed` names, or at all. */
async function inspect(width, theme, axed) {
  await page.setViewport({ width, height: 900, isMobile: width < 500, hasTouch: width < 500 });
  await page.evaluate((t) => localStorage.setItem("fog.theme", t), theme);
  await page.reload();
  await page.waitForSelector("main h1");
  await page.evaluate(axeSource);
  for (const at of pages) {
    await go(at);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await shot(`${theme}-${width}-${at.split("/")[0].split("?")[0] || "home"}`);
    check(wide <= 0, `#/${at} is ${wide} px wider than a screen of ${width}`);
    if (axed && !axed.includes(at)) continue;
    const serious = await page.evaluate(async () => {
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      const bad = violations.filter((one) => one.impact === "serious" || one.impact === "critical");
      return bad.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].failureSummary}`);
    });
    check(serious.length === 0, `axe on #/${at} (${theme}, ${width} px): ${serious.join("\n")}`);
  }
}
await journey(`axe finds nothing serious on ${pages.length} pages, dark at 1280 px`, () => inspect(1280, "dark"));
await journey(`nor in light colours on a phone, where nothing is too wide`, () => inspect(390, "light", ["", "block/" + paid.height, "hosts", "market", "wallet", "publish"]));
await journey("nothing was reported by the browser itself", async () => check(troubles.length === 0, troubles.join("\n")));

console.log(`   all in ${((Date.now() - started) / 1000).toFixed(1)} s`);
console.log(JSON.stringify({ address, receiver, bid, lease }));
await browser.close();
