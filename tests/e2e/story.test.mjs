// The whole story, through the interface alone: draw a flow, configure it, run it, watch it, kill the server, go on.
//
// What is outside the interface is what would be outside in life: the file a step waits for, a second client that
// changes the flow meanwhile, and kill -9. With E2E_SHOTS=folder every key moment is kept as a picture.

import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { card, dragIn, fit, inspector, open, port, pull, rename, saved, still, wire, wires } from "./gestures.mjs";
import { openBrowser, Product, until } from "./product.mjs";

const handlers = join(dirname(fileURLToPath(import.meta.url)), "..", "handlers");
const order = { price: "120", amount: "3" };

let product;
let browser;
let page;
let gate;
/** Address of the run that ended before the server was killed, and what its page said. */
let earlier;
/** Console and page errors; `allowed` are the ones that the step at hand brings about on purpose. */
const complaints = [];
let allowed = [];
let shots = 0;

before(async () => {
  product = await Product.make({ PYTHONPATH: handlers, TFCANVAS_PYTHON_MODULES: "sample_handlers" });
  gate = join(product.folder, "gate");
  await product.start();
  browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complain = (text) => allowed.some((pattern) => pattern.test(text)) || complaints.push(text);
  page.on("pageerror", (error) => complain(`page: ${error.stack ?? error.message}`));
  page.on("console", (message) => message.type() === "error" && complain(`console: ${message.text()}`));
});

after(async () => {
  await browser?.close();
  await product?.remove();
});

async function shot(name) {
  const folder = process.env.E2E_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.evaluate(() =>
    Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations !== Infinity).map((one) => one.finished.catch(() => undefined))),
  );
  if ((await page.locator(".card").count()) > 0) await still(page.locator(".card").first());
  await page.screenshot({ path: join(folder, `${String(++shots).padStart(2, "0")}-${name}.png`) });
}

let broken = null;
/** One step of the story; after a step that failed the rest has nothing to stand on. */
function step(name, work) {
  test(name, { timeout: 90_000 }, async (t) => {
    if (broken !== null) return t.skip(`stopped at: ${broken}`);
    try {
      await work();
    } catch (error) {
      broken = name;
      await shot("broken").catch(() => undefined);
      throw error;
    }
  });
}

const nodeIs = (name, status) => card(page, name).and(page.locator(`[data-status=${status}]`)).waitFor();
const runIs = (status) => page.locator(`[data-testid=run-status][data-status=${status}]`).waitFor();
const live = () => page.locator("[data-testid=connection-state][data-phase=live]").waitFor();
const tab = (name) => page.getByTestId(`dock-tab-${name}`).click();
const onRun = () => page.waitForURL(/\/canvas\/runs\/[0-9a-f-]{36}/);

/** Start the run by its form and be on its page. */
async function run(inputs) {
  await page.getByTestId("run-button").click();
  const dialog = page.getByTestId("run-dialog");
  for (const [name, value] of Object.entries(inputs)) await dialog.getByLabel(name, { exact: true }).fill(value);
  await shot("run-dialog");
  await page.getByTestId("run-start").click();
  await onRun();
}

/** Run this run again; the flow calls code, so it is asked first. */
async function again() {
  const here = page.url();
  await page.getByTestId("rerun").click();
  await page.getByTestId("rerun-dialog").waitFor();
  await shot("rerun-dialog");
  await page.getByTestId("rerun-confirm").click();
  await page.waitForURL((url) => String(url) !== here && url.pathname.startsWith("/canvas/runs/"));
}

step("the one-time link opens the canvas, and works once", async () => {
  await page.goto(product.link);
  await page.getByTestId("home-empty").waitFor();
  assert.equal(new URL(page.url()).searchParams.get("code"), null, "the code stays out of the address");
  assert.equal((await fetch(product.link)).status, 410);
  await shot("home-empty");
});

step("a new flow is created and gets its name", async () => {
  await page.getByTestId("home-first-flow").click();
  await page.waitForURL(/\/canvas\/flows\//);
  await page.getByTestId("first-trigger").waitFor();
  await shot("editor-empty");
  await page.getByTestId("flow-name").click();
  await page.locator(".flow-name-field").fill("Price an order");
  await page.keyboard.press("Enter");
  await saved(page);
  assert.equal(await page.getByTestId("flow-name").innerText(), "Price an order");
});

step("nodes come by mouse and by keyboard", async () => {
  await page.getByTestId("first-trigger").click();
  await card(page, "Manual start").waitFor();
  const { x, y } = await card(page, "Manual start").boundingBox();
  await dragIn(page, "module.function", { x: x + 20, y: y + 160 });
  await card(page, "function").waitFor();
  assert.equal(await wires(page), 0);
  await rename(page, "Wait for stock");
  // By keyboard: what is added goes behind the one selected, already wired.
  for (const word of ["map", "cond"]) {
    await page.locator(".react-flow__node.selected").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.type(word);
    await page.keyboard.press("Enter");
    await card(page, word === "map" ? "Map" : "Condition").waitFor();
  }
  assert.equal(await wires(page), 2);
  await fit(page, "Manual start");
  const last = await card(page, "Condition").boundingBox();
  for (const [name, down] of [["Large", -60], ["Small", 200]]) {
    await dragIn(page, "core:output", { x: last.x + 60, y: last.y + down });
    await card(page, "Output").waitFor();
    await rename(page, name);
  }
  await page.keyboard.press("Escape");
  await inspector(page).waitFor({ state: "detached" });
});

step("wires are drawn by mouse, and one that may not be says why", async () => {
  await fit(page, "Manual start");
  await wire(page, { name: "Manual start", port: "out" }, { name: "Wait for stock", port: "input" });
  await wire(page, { name: "Condition", port: "true" }, { name: "Large", port: "input" });
  await wire(page, { name: "Condition", port: "false" }, { name: "Small", port: "input" });
  assert.equal(await wires(page), 5);

  await pull(page, { name: "Manual start", port: "out" }, { name: "Wait for stock", port: "input" });
  const why = page.locator(".connect-hint.refused");
  await why.waitFor();
  assert.match(await why.innerText(), /wired already/);
  await shot("wire-refused");
  await page.mouse.up();
  assert.equal(await wires(page), 5);

  // One that leads back is no mistake: it asks whether it shall be a loop, and takes no for an answer.
  await pull(page, { name: "Map", port: "out" }, { name: "Wait for stock", port: "input" });
  await page.mouse.up();
  await page.getByTestId("loop-offer").getByRole("button", { name: "No wire" }).click();
  assert.equal(await wires(page), 5);
  await saved(page);
});

step("forms configure the nodes; a problem stands on the node until it is solved", async () => {
  const trouble = (name) => card(page, name).locator(".card-badge");
  await page.getByRole("button", { name: "Tidy up" }).click();
  await fit(page, "Manual start");

  await open(page, "Manual start");
  for (const [at, name, type] of [[1, "price", "number"], [2, "amount", "integer"]]) {
    await page.getByTestId("add-input").click();
    await inspector(page).getByLabel(`Name of input_${at}`).fill(name);
    await page.keyboard.press("Enter");
    await inspector(page).getByLabel(`Type of ${name}`).selectOption(type);
  }

  await trouble("Wait for stock").waitFor();
  await open(page, "Wait for stock");
  await shot("function-problem");
  await inspector(page).getByLabel("Function", { exact: true }).fill("sample_handlers.wait_for_file");
  await inspector(page).getByLabel("Config", { exact: true }).fill(JSON.stringify({ file: gate }));
  await trouble("Wait for stock").waitFor({ state: "detached" });

  await open(page, "Map");
  await inspector(page).getByLabel("Expression", { exact: true }).fill('{"total": ');
  await trouble("Map").waitFor();
  await inspector(page).locator(".help-bad").getByText("Unexpected end").waitFor();
  await saved(page);
  await shot("map-problem");
  await inspector(page).getByLabel("Expression", { exact: true }).fill('{"total": input.price * input.amount}');
  await trouble("Map").waitFor({ state: "detached" });

  await open(page, "Condition");
  await inspector(page).getByLabel("Expression", { exact: true }).fill("input.total > 100");
  await trouble("Condition").waitFor({ state: "detached" });
  await saved(page);
  await fit(page, "Manual start");
  await shot("editor-ready");
});

step("undo and redo go back and forth, by button and by key", async () => {
  await card(page, "Small").locator(".card-name").click();
  await page.keyboard.press("Delete");
  await card(page, "Small").waitFor({ state: "detached" });
  assert.equal(await wires(page), 4);
  await page.keyboard.press("Control+z");
  await card(page, "Small").waitFor();
  assert.equal(await wires(page), 5);
  await page.getByRole("button", { name: "Redo" }).click();
  await card(page, "Small").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await card(page, "Small").waitFor();
  await saved(page);
});

step("a tooltip stays inside the window", async () => {
  await page.getByTestId("run-button").hover();
  const tip = page.getByRole("tooltip");
  await tip.getByText("Run").waitFor();
  const { x, width } = await tip.boundingBox();
  assert.ok(x + width <= 1440, `it ends at ${x + width}`);
  await shot("tooltip");
});

step("publishing makes version 1", async () => {
  await page.getByTestId("publish-button").click();
  await page.getByText("Version 1 is published.").waitFor();
});

step("a run is watched live, also by a page that is loaded again in the middle", async () => {
  await run(order);
  await live();
  await nodeIs("Wait for stock", "running");
  await nodeIs("Manual start", "done");
  await nodeIs("Map", "queued");
  await runIs("running");
  await tab("events");
  await page.locator("[data-testid=event-row][data-type='chunk.started']").nth(1).waitFor();
  await shot("run-live");

  await page.reload();
  await live();
  await runIs("running");
  await nodeIs("Wait for stock", "running");
  await page.locator("[data-testid=event-row][data-type='execution.started']").waitFor();
  assert.equal(await page.locator("[data-testid=event-row][data-type='execution.started']").count(), 1);

  await writeFile(gate, "");
  await runIs("done");
  for (const name of ["Manual start", "Wait for stock", "Map", "Condition", "Large"]) await nodeIs(name, "done");
  await nodeIs("Small", "skipped");
  await page.locator("[data-testid=event-row][data-type='execution.completed']").waitFor();
  await shot("run-done");
});

step("every node can be looked into", async () => {
  const panel = page.getByTestId("node-panel");
  await card(page, "Map").locator(".card-name").dblclick();
  await panel.getByText("360").waitFor();
  await panel.getByRole("tab", { name: "Input" }).click();
  await panel.getByText("120").waitFor();
  await shot("node-panel");
  await tab("data");
  const pair = page.locator(".data-pair");
  await page.getByLabel("Data of").selectOption({ label: "the whole run" });
  await pair.getByText("Large").waitFor();
  await pair.getByText("360").waitFor();
  await shot("data");
  await tab("timeline");
  earlier = { url: page.url().split("?")[0] };
  await page.goto(earlier.url);
  earlier.text = await told();
});

/** What the page of an ended run tells that must not change. */
async function told() {
  await page.locator("[data-testid=connection-state][data-phase=ended]").waitFor({ state: "attached" });
  await tab("events");
  await page.locator("[data-testid=event-row][data-type='execution.completed']").waitFor();
  const rows = await page.getByTestId("event-row").allInnerTexts();
  const cards = await page.locator(".card").evaluateAll((all) => all.map((one) => `${one.dataset.testid} ${one.dataset.status} ${one.innerText}`).sort());
  await tab("data");
  await page.locator(".data-pair").getByText("360").waitFor();
  return { rows, cards, data: await page.locator(".data-pair").innerText() };
}

step("a run that fails shows the error with its stack, and leads to where it can be mended", async () => {
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await open(page, "Wait for stock");
  await inspector(page).getByLabel("Function", { exact: true }).fill("sample_handlers.fail_aloud");
  await inspector(page).getByLabel("Config", { exact: true }).fill('{"message": "out of stock"}');
  await saved(page);
  await run(order);
  await runIs("failed");
  await nodeIs("Wait for stock", "failed");
  const error = page.getByTestId("error-panel");
  await error.getByText("out of stock").first().waitFor();
  await error.locator("summary").click();
  await error.locator("pre").getByText(/raise ValueError/).waitFor();
  await page.getByTestId("node-panel").getByRole("tab", { name: "Logs" }).click();
  await page.locator(".side-log").getByText("the shelf is empty").waitFor();
  await tab("logs");
  await page.locator("[data-testid=log-row][data-level=warning]").getByText("the shelf is empty").waitFor();
  await shot("run-failed");
  await error.getByRole("link", { name: "Open in editor" }).click();
  await inspector(page).getByLabel("Function", { exact: true }).fill("sample_handlers.wait_for_file");
  await inspector(page).getByLabel("Config", { exact: true }).fill(JSON.stringify({ file: gate }));
  await saved(page);
});

step("a run that waits is cancelled", async () => {
  await rm(gate);
  await run(order);
  await nodeIs("Wait for stock", "running");
  await page.getByTestId("cancel-run").click();
  await page.getByTestId("cancel-dialog").waitFor();
  await shot("cancel-dialog");
  await page.getByTestId("cancel-confirm").click();
  await runIs("cancelled");
  await nodeIs("Wait for stock", "cancelled");
  await shot("run-cancelled");
});

step("kill -9 in the middle of a run: the page says so, and after the restart the run goes on and ends", async () => {
  await again();
  await live();
  await nodeIs("Wait for stock", "running");
  // The page asks /readyz, too, which says 503 while the server starts.
  allowed = [/ERR_CONNECTION_(REFUSED|RESET)/, /WebSocket connection to .* failed/, /ERR_EMPTY_RESPONSE/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /status of 503/];
  await product.end("SIGKILL");
  await page.locator("[data-testid=connection-state][data-phase=offline]").waitFor();
  await page.getByTestId("run-offline").waitFor();
  await shot("run-offline");
  await product.start();
  await live();
  await nodeIs("Wait for stock", "running");
  await shot("run-recovered");
  await writeFile(gate, "");
  await runIs("done");
  await nodeIs("Large", "done");
  await page.locator("[data-testid=connection-state][data-phase=ended]").waitFor({ state: "attached" });
  allowed = [];
  await tab("events");
  await page.locator("[data-testid=event-row][data-type='execution.completed']").waitFor();
  assert.equal(await page.locator("[data-testid=event-row][data-type='execution.started']").count(), 1);
  await shot("run-after-restart");
});

step("the run from before the restart is found in the history and is the same", async () => {
  await page.getByRole("link", { name: "Runs", exact: true }).last().click();
  await page.getByTestId("run-row").nth(3).waitFor();
  assert.deepEqual(await page.getByTestId("run-row").evaluateAll((rows) => rows.map((row) => row.dataset.status)), ["succeeded", "cancelled", "failed", "succeeded"]);
  await shot("runs");
  await page.getByTestId("run-row").nth(3).getByRole("link").first().click();
  await onRun();
  assert.equal(page.url().split("?")[0], earlier.url);
  assert.deepEqual(await told(), earlier.text);
  await shot("run-reopened");
});

step("an earlier version runs with inputs of its own; versions and runs are listed", async () => {
  await page.getByRole("link", { name: "Versions", exact: true }).click();
  for (const version of [1, 2, 3]) await page.getByTestId(`version-${version}`).waitFor();
  await shot("versions");
  await page.getByTestId("version-1").click();
  await page.getByRole("button", { name: "Run version 1" }).click();
  const dialog = page.getByTestId("run-dialog");
  // The form offers what the last run was started with.
  await until(async () => (await dialog.getByLabel("price", { exact: true }).inputValue()) === order.price, "the inputs of the last run");
  await dialog.getByLabel("price", { exact: true }).fill("10");
  await shot("run-version");
  await page.getByTestId("run-start").click();
  await onRun();
  await runIs("done");
  await nodeIs("Small", "done");
  await nodeIs("Large", "skipped");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs" }).click();
  await page.getByTestId("run-row").nth(4).waitFor();
  await shot("all-runs");
});

step("an example runs on real data and reports", async () => {
  await page.getByRole("link", { name: "Flows", exact: true }).click();
  await page.getByTestId("flow-row-Price an order").waitFor();
  await shot("home");
  await page.getByTestId("example-seattle-weather").click();
  await page.waitForURL(/\/canvas\/flows\//);
  await page.getByTestId("run-button").waitFor();
  await page.locator(".card").first().waitFor();
  await shot("example-editor");
  await run({});
  await runIs("done");
  await shot("example-run");
  await tab("data");
  const report = page.locator(".data-pair");
  await report.getByText(/of rain on \d+ days/).first().waitFor();
  assert.match(await report.innerText(), /Temperatures went from/);
  await shot("example-report");
});

step("what was changed elsewhere is not overwritten: the banner offers both ways out", async () => {
  await page.getByRole("link", { name: "Flows", exact: true }).click();
  await page.getByTestId("flow-row-Price an order").getByRole("link", { name: "Price an order" }).click();
  await open(page, "Condition");
  await saved(page);
  const flow = `http://127.0.0.1:${product.port}/flows/${page.url().match(/flows\/([0-9a-f-]{36})/)[1]}`;
  const authorization = `Bearer ${await product.token()}`;
  const { name, nodes, edges, settings } = await (await fetch(flow, { headers: { authorization } })).json();
  // Typed here, and before that is saved somebody else saves: the page's own save is held until then.
  allowed = [/status of 412/];
  let theirs;
  const first = new Promise((resolve) => (theirs = resolve));
  await page.route(flow, async (route) => {
    if (route.request().method() === "PUT") await first;
    await route.continue();
  });
  await inspector(page).getByLabel("Expression", { exact: true }).pressSequentially(" ");
  const put = await fetch(flow, {
    method: "PUT",
    headers: { authorization, "if-match": "*", "content-type": "application/json" },
    body: JSON.stringify({ name, description: "Changed by somebody else", nodes, edges, settings }),
  });
  assert.equal(put.status, 200);
  theirs();
  await page.getByTestId("conflict").getByRole("button", { name: "Keep mine as a copy" }).waitFor();
  await shot("conflict");
  await page.getByTestId("conflict").getByRole("button", { name: "Reload" }).click();
  await page.getByTestId("conflict").waitFor({ state: "detached" });
  await saved(page);
  await page.unroute(flow);
  allowed = [];
});

step("a page from before an upgrade loads itself again when a part of it is gone", async () => {
  await page.goto(`http://127.0.0.1:${product.port}/canvas/`);
  await page.getByTestId("flow-row-Price an order").waitFor();
  allowed = [/ERR_FAILED/, /dynamically imported module/];
  let gone = 0;
  await page.route("**/assets/editor-*.js", (route) => (gone++ === 0 ? route.abort() : route.continue()));
  await page.getByTestId("flow-row-Price an order").getByRole("link", { name: "Price an order" }).click();
  await card(page, "Condition").waitFor();
  assert.ok(gone > 1, "the editor was asked for twice");
  await page.unroute("**/assets/editor-*.js");
  allowed = [];
});

step("a flow is duplicated and deleted", async () => {
  await page.getByRole("link", { name: "Flows", exact: true }).click();
  await page.getByRole("button", { name: "More for Price an order", exact: true }).click();
  await shot("flow-menu");
  await page.getByTestId("flow-duplicate").click();
  const copy = page.getByTestId("flow-row-Price an order, copy");
  await copy.waitFor();
  await page.getByRole("button", { name: "More for Price an order, copy" }).click();
  await page.getByTestId("flow-delete").click();
  await page.getByTestId("delete-dialog").waitFor();
  await shot("delete-dialog");
  await page.getByTestId("delete-confirm").click();
  await copy.waitFor({ state: "detached" });
  await page.getByTestId("flow-row-Price an order").waitFor();
});

step("light turns dark and back", async () => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const choose = async (name) => {
    await page.getByRole("button", { name: "Light or dark" }).click();
    await page.getByRole("menuitem", { name, exact: true }).click();
  };
  const day = await paper();
  await choose("Dark");
  assert.notEqual(await paper(), day);
  await shot("home-dark");
  await page.goto(earlier.url);
  await nodeIs("Large", "done");
  await shot("run-dark");
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await open(page, "Map");
  await shot("editor-dark");
  await choose("Light");
  assert.equal(await paper(), day);
});

step("nothing complained", () => {
  assert.deepEqual(complaints, []);
});
