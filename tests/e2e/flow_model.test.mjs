// The flow model on screen: a loop drawn and gone round, a sub-flow for each item, a run again from where it failed,
// an approval answered on a phone, triggers that start by themselves.
//
// Flows are put in through the API, because drawing is story.test.mjs's; what this one draws is what is new. With
// E2E_SHOTS=folder every key moment is kept as a picture.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { card, fit, pull, saved, still, wires } from "./gestures.mjs";
import { openBrowser, Product, until } from "./product.mjs";

const handlers = join(dirname(fileURLToPath(import.meta.url)), "..", "handlers");

let product;
let browser;
let page;
let token;
/** A server of the test's own, which answers as each step tells it. */
let outside;
let answers = () => [200, {}];
let calls = 0;
const complaints = [];
let shots = 0;

before(async () => {
  outside = createServer((request, response) => {
    calls += 1;
    const [status, body] = answers(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => outside.listen(0, "127.0.0.1", resolve));
  product = await Product.make({ PYTHONPATH: handlers, TFCANVAS_PYTHON_MODULES: "stream_handlers", TFCANVAS_HTTP_ALLOW: `127.0.0.1:${outside.address().port}` });
  await product.start();
  token = await product.token();
  browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: process.env.E2E_THEME ?? "light" });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => complaints.push(`page: ${error.stack ?? error.message}`));
  page.on("console", (message) => message.type() === "error" && complaints.push(`console: ${message.text()}`));
  await page.goto(product.link);
});

after(async () => {
  await browser?.close();
  await product?.remove();
  outside?.close();
});

async function shot(name) {
  const folder = process.env.E2E_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  if ((await page.locator(".card").count()) > 0) await still(page.locator(".card").first());
  await page.screenshot({ path: join(folder, `model-${String(++shots).padStart(2, "0")}-${name}.png`) });
}

async function call(method, path, body, headers = {}) {
  const response = await fetch(`http://127.0.0.1:${product.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

const outsideUrl = () => `http://127.0.0.1:${outside.address().port}/`;
const node = (type, name, entrypoint, config, column, more = {}) => ({ id: randomUUID(), type, name, handlers: entrypoint ? { main: { entrypoint, config } } : {}, position: { x: column * 248, y: 0 }, ...more });
const edge = (from, to, port = "out", at = "input", more = {}) => ({ id: randomUUID(), source: { nodeId: from.id, port }, target: { nodeId: to.id, port: at }, ...more });
const put = (name, nodes, edges, more = {}) => call("POST", "/flows", { name, nodes, edges, ...more });
const nodeIs = (name, status) => card(page, name).and(page.locator(`[data-status=${status}]`)).waitFor();
const runIs = (status) => page.locator(`[data-testid=run-status][data-status=${status}]`).waitFor();
const onRun = () => page.waitForURL(/\/canvas\/runs\/[0-9a-f-]{36}/);

/** A call as another program makes it. */
function signed(url, secret, body) {
  const text = JSON.stringify(body);
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", secret).update(`${time}.${text}`).digest("hex");
  return fetch(url, { method: "POST", headers: { "content-type": "application/json", "x-triggerflow-signature": `t=${time},v1=${signature}` }, body: text });
}

async function runFromEditor() {
  await page.getByTestId("run-button").click();
  await page.getByTestId("run-start").click();
  await onRun();
}

test("a wire drawn back becomes a loop, and the run shows each round", { timeout: 90_000 }, async () => {
  const start = node("trigger", "Manual start", "core:manual", {}, 0);
  const count = node("action", "Count", "core:map", { expression: "{'n': ($exists(input.n) ? input.n : 0) + 1}" }, 1);
  const enough = node("condition", "Enough", "core:condition", { expression: "input.n >= 3" }, 2);
  const result = node("output", "Result", null, {}, 3);
  const flow = await put("Count to three", [start, count, enough, result], [edge(start, count), edge(count, enough), edge(enough, result, "true")]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}`);
  await card(page, "Count").waitFor();
  await fit(page, "Count");
  const drawn = await wires(page);
  await pull(page, { name: "Enough", port: "false" }, { name: "Count", port: "input" });
  await page.mouse.up();
  await page.getByTestId("loop-offer").waitFor();
  await page.getByTestId("loop-iterations").fill("5");
  await shot("loop-offer");
  await page.getByTestId("loop-make").click();
  await page.getByTestId("wire-panel").waitFor();
  await until(async () => (await wires(page)) === drawn + 1, "the loop's wire");
  await page.getByText("loop ≤ 5").waitFor();
  await saved(page);
  await shot("loop-made");
  assert.equal((await call("GET", `/flows/${flow.id}`)).edges.at(-1).loop.maxIterations, 5);

  await runFromEditor();
  await runIs("done");
  await card(page, "Count").getByText("3 of 5").waitFor();
  await page.getByTestId("timeline").getByText("Loop at Count").click();
  await page.getByTestId("timeline").getByText("Round 2 of 5").waitFor();
  await page.getByTestId("round-before").first().click();
  await card(page, "Count").locator(".card-name").dblclick();
  await page.getByTestId("node-panel").getByText("2", { exact: true }).first().waitFor();
  await card(page, "Count").getByText("2 of 5").waitFor();
  await shot("loop-round");
});

test("a sub-flow for each item is one node with counts, and each item has a picture of its own", { timeout: 90_000 }, async () => {
  const begin = node("trigger", "Begin", "core:manual", {}, 0);
  const read = node("action", "Read", "core:map", { expression: "input.item = 7 ? $error('no seven') : input.item * 2" }, 1);
  const text = node("output", "Text", null, {}, 2);
  const child = await put("Read one", [begin, read, text], [edge(begin, read), edge(read, text)]);
  await call("POST", `/flows/${child.id}/versions`, {});
  const start = node("trigger", "Manual start", "core:manual", {}, 0);
  const list = node("action", "List", "core:map", { expression: "[1..60]" }, 1);
  const each = node("subflow", "Read each", "core:subflow", { flowId: child.id, mode: "forEach", concurrency: 8, onItemError: "continue" }, 2, {
    ports: { inputs: [{ key: "items", label: "items", type: "array" }], outputs: [{ key: "out", label: "out" }, { key: "errors", label: "errors" }] },
  });
  const all = node("output", "All", null, {}, 3);
  const flow = await put("Read every item", [start, list, each, all], [edge(start, list), edge(list, each, "out", "items"), edge(each, all)]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}?node=${each.id}`);
  await page.getByTestId("subflow-section").getByText("Open Read one").waitFor();
  await shot("subflow-inspector");
  await runFromEditor();
  await runIs("done");
  await card(page, "Read each").getByText("60 / 60").waitFor();
  await card(page, "Read each").locator(".card-name").dblclick();
  const first = page.getByTestId("item-row").first();
  await first.waitFor();
  await shot("items");
  assert.equal(await first.getAttribute("data-status"), "failed");
  assert.match(await first.innerText(), /^7\b/);
  await first.click();
  await page.getByTestId("scope-bar").waitFor();
  await nodeIs("Read", "failed");
  await shot("item");
  await page.getByTestId("scope-close").click();
  await nodeIs("Read each", "done");
});

test("a run that failed goes on from there, and its plan says so before it does", { timeout: 90_000 }, async () => {
  const start = node("trigger", "Manual start", "core:manual", {}, 0);
  const paid = node("action", "Paid work", "http:request", { method: "POST", url: outsideUrl() }, 1);
  const send = node("action", "Send", "http:request", { method: "POST", url: outsideUrl(), body: { $expr: "input.status" } }, 2);
  const sent = node("output", "Sent", null, {}, 3);
  const flow = await put("Pay and send", [start, paid, send, sent], [edge(start, paid), edge(paid, send), edge(send, sent)]);
  calls = 0;
  answers = () => (calls === 1 ? [200, { ok: true }] : [400, { ok: false }]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}`);
  await card(page, "Send").waitFor();
  await runFromEditor();
  await runIs("failed");
  const failed = page.url();
  answers = () => [200, { ok: true }];
  await page.getByTestId("rerun").click();
  await page.locator("[data-testid=rerun-plan][data-ready=true]").waitFor();
  const plan = await page.getByTestId("rerun-plan").innerText();
  assert.match(plan, /Two results are used again/);
  assert.match(plan, /One effect may repeat/);
  await shot("rerun-plan");
  await page.getByTestId("rerun-confirm").click();
  await page.waitForURL((url) => String(url) !== failed && url.pathname.startsWith("/canvas/runs/"));
  await runIs("done");
  await card(page, "Paid work").getByText("Used again").waitFor();
  await page.getByText("Re-run of").waitFor();
  assert.equal(calls, 3, "what had finished was not asked for again");
  await shot("rerun-done");
});

test("one node runs alone while it is drawn, with what it is given", { timeout: 60_000 }, async () => {
  const start = node("trigger", "Manual start", "core:manual", {}, 0);
  const twice = node("action", "Twice", "core:map", { expression: "input * 2" }, 1);
  const flow = await put("Try a node", [start, twice], [edge(start, twice)]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}?node=${twice.id}`);
  await page.getByRole("tab", { name: "Try, last run" }).click();
  await page.getByTestId("try-inputs").fill('{"input": 21}');
  await page.getByTestId("try-run").click();
  await page.locator("[data-testid=try-result][data-status=succeeded]").getByText("42").waitFor();
  await shot("try-node");
});

test("failed runs are run again in bulk", { timeout: 60_000 }, async () => {
  await page.goto(`http://127.0.0.1:${product.port}/canvas/runs?status=failed`);
  await page.getByTestId("run-pick").first().check();
  await page.getByTestId("redrive-open").click();
  await page.getByTestId("redrive-confirm").click();
  await page.getByTestId("redrive-result").getByText("runs again as").waitFor();
  await shot("redrive");
  await page.getByRole("button", { name: "Close" }).last().click();
});

test("an approval waits in the run, in the inbox and on a phone; the first answer wins", { timeout: 90_000 }, async () => {
  const start = node("trigger", "Manual start", "core:manual", {}, 0);
  const order = node("action", "Order", "core:map", { expression: "{'customer': 'Ana Duarte', 'amount': 249, 'letter': 'The lamp arrived with a crack across the shade, and I would rather have the money back.'}" }, 1);
  const schema = { type: "object", properties: { amount: { type: "number", title: "Amount to pay back" }, note: { type: "string", title: "Note" } }, required: ["amount", "note"] };
  const ask = node("action", "Approve a refund?", "core:approval", { schema, expiresSeconds: 86_400 }, 2, {
    ports: { inputs: [{ key: "input", label: "Input", type: "any" }], outputs: ["approved", "rejected", "timeout"].map((key) => ({ key, label: key })) },
  });
  const paid = node("output", "Refund", null, {}, 3);
  const flow = await put("Refund triage", [start, order, ask, paid], [edge(start, order), edge(order, ask), edge(ask, paid, "approved")]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}`);
  await card(page, "Order").waitFor();
  await runFromEditor();
  await runIs("waiting");
  await nodeIs("Approve a refund?", "waiting");
  await page.getByTestId("wait").getByText("Waits for a decision").waitFor();
  await page.getByTestId("approvals-count").getByText("1").waitFor();
  await shot("approval-in-run");

  await page.goto(`http://127.0.0.1:${product.port}/canvas/approvals`);
  await page.getByTestId("inbox-row").waitFor();
  await shot("inbox");
  const phone = await page.context().newPage();
  await phone.setViewportSize({ width: 390, height: 844 });
  await phone.goto(`http://127.0.0.1:${product.port}/canvas/approvals`);
  await phone.getByTestId("inbox-row").click();
  await phone.getByTestId("wait").getByText("Ana Duarte", { exact: true }).waitFor();
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `the page is ${wide} px wide`);
  for (const id of ["wait-approve", "wait-reject"]) {
    const box = await phone.getByTestId(id).boundingBox();
    assert.ok(box.height >= 44 && box.y + box.height <= 844, `${id} is within reach: ${JSON.stringify(box)}`);
  }
  if (process.env.E2E_SHOTS) await phone.screenshot({ path: join(process.env.E2E_SHOTS, `model-${String(++shots).padStart(2, "0")}-phone.png`) });
  await phone.getByTestId("wait-approve").click();
  await phone.getByText("One field to fill in first").waitFor();

  // The same wait, looked at by two: both see it open, one is first.
  await page.getByTestId("inbox-row").click();
  await page.getByTestId("wait").waitFor();
  // This one does not learn of the other's answer before it gives its own.
  const looks = /\/waits\/[0-9a-f-]{36}$/;
  await page.route(looks, () => undefined);
  await phone.getByLabel("Note").fill("Broken in transit");
  await phone.getByTestId("wait-approve").click();
  await phone.getByTestId("wait-answered").getByText("Approved by").waitFor();
  await page.getByTestId("wait-reject").click();
  await page.getByTestId("wait-lost").getByText(/Somebody was first. Approved by/).waitFor();
  await page.unroute(looks);
  await shot("approval-lost");
  await phone.close();
  await page.goto(`http://127.0.0.1:${product.port}/canvas/runs?q=`);
  await page.getByTestId("run-row").first().getByRole("link").first().click();
  await runIs("done");
  // The one who came second was told so, which is no mistake of the page.
  while (complaints.length > 0 && /409/.test(complaints[0])) complaints.shift();
});

test("text streams at its node, beside what it prints and measures, until context is added", { timeout: 60_000 }, async () => {
  const start = node("trigger", "Manual start", "core:manual", {}, 0);
  const talk = node("action", "Talk", "stream_handlers.talks_until_told", {}, 1);
  const said = node("output", "Said", null, {}, 2);
  const flow = await put("Talk until told", [start, talk, said], [edge(start, talk), edge(talk, said)]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}`);
  await card(page, "Talk").waitFor();
  await runFromEditor();
  await nodeIs("Talk", "running");
  await card(page, "Talk").getByText(/word \d+/).waitFor();
  await card(page, "Talk").locator(".card-name").dblclick();
  await page.getByTestId("stream").getByText(/word 3/).waitFor();
  await shot("stream");
  await page.getByTestId("add-context").click();
  await page.getByTestId("context-value").fill("that is enough");
  await page.getByTestId("context-send").click();
  await runIs("done");
  await page.getByTestId("node-panel").getByRole("tab", { name: /Printed/ }).click();
  await page.getByTestId("printed").getByText("thinking aloud").waitFor();
  await page.getByTestId("dock-tab-metrics").click();
  await page.getByTestId("metric-cost").getByText("$0.0184").waitFor();
  await page.getByTestId("head-tokens").waitFor();
  await shot("metrics");
  await page.getByTestId("dock-tab-logs").click();
  await page.getByTestId("log-row").getByText(/context added by .*that is enough/).waitFor();
});

test("a webhook is heard over the draft, answers once published, and its old secret is refused", { timeout: 90_000 }, async () => {
  const hook = node("trigger", "Orders", "core:webhook", { path: "orders", answer: "sync" }, 0);
  const total = node("action", "Total", "core:map", { expression: "input.body.price * 2" }, 1);
  const result = node("output", "Total due", null, {}, 2);
  const flow = await put("Take an order", [hook, total, result], [edge(hook, total), edge(total, result)]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}?node=${hook.id}`);
  await page.getByTestId("hook").getByText("Not published yet").waitFor();
  await page.getByTestId("hook-listen-start").click();
  await page.getByTestId("hook-listen").getByText(/Listens/).waitFor();
  const [{ secret, testUrl }] = await call("GET", `/flows/${flow.id}/hooks`);
  assert.equal((await signed(testUrl, secret, { price: 21 })).status, 202);
  await page.getByTestId("hook-heard").getByText("21").waitFor();
  await shot("webhook-heard");
  await page.getByTestId("publish-button").click();
  const confirm = page.getByTestId("publish-confirm");
  if (await confirm.isVisible().catch(() => false)) await confirm.click();
  await page.getByTestId("hook").getByText("Answers", { exact: true }).waitFor();
  const url = await page.getByTestId("hook-url").innerText();
  const answer = await signed(url, secret, { price: 21 });
  assert.deepEqual([answer.status, await answer.json()], [200, { "Total due": 42 }]);
  await page.getByTestId("hook-rotate").click();
  await page.getByTestId("hook-rotate-confirm").click();
  await until(async () => (await signed(url, secret, { price: 1 })).status === 401, "the old secret to be refused");
});

test("a schedule is told in words, listed, paused and run by hand", { timeout: 60_000 }, async () => {
  const nightly = node("trigger", "Nightly", "core:schedule", { cron: "30 2 * * *", timeZone: "Europe/Berlin", missed: "once" }, 0);
  const done = node("output", "Done", null, {}, 1);
  const flow = await put("Every night", [nightly, done], [edge(nightly, done)]);
  await page.goto(`http://127.0.0.1:${product.port}/canvas/flows/${flow.id}?node=${nightly.id}`);
  await until(async () => /02:30/.test(await page.getByTestId("schedule").innerText()), "its next times");
  await shot("schedule-inspector");
  await call("POST", `/flows/${flow.id}/versions`, {});
  await page.goto(`http://127.0.0.1:${product.port}/canvas/schedules`);
  const row = page.getByTestId("schedule-row");
  await row.waitFor();
  await page.getByTestId("schedule-open").click();
  await page.getByTestId("fires").getByText(/02:30/).first().waitFor();
  await shot("schedules");
  await page.getByTestId("schedule-pause").click();
  await row.getByText("Paused").waitFor();
  await page.getByTestId("schedule-run").click();
  await onRun();
  await runIs("done");
});

test("nothing went wrong in the browser meanwhile", () => {
  assert.deepEqual(complaints, []);
});
