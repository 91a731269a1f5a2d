// Rules of the flow model where one sets them and sees them run: loops in loops, a flow inside itself, a re-run from a node
// on the newest version, limits, failure, topics, very large runs, and the pages of a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { card } from "./gestures.mjs";
import { until } from "./product.mjs";
import { channel, edge, end, node, Stage } from "./stage.mjs";

const stage = new Stage("rules");
let page;

before(async () => {
  page = await stage.open();
});
after(() => stage.close());

const begins = () => node("trigger", "Manual start", "core:manual", {}, 0);

test("loops in loops have a stepper each, rows of their own, and fold into each other in the timeline", { timeout: 120_000 }, async () => {
  const start = begins();
  const chapter = node("action", "Chapter", "core:map", { expression: "{'c': ($exists(input.c) ? input.c : 0) + 1}" }, 1);
  const draft = node("action", "Draft", "core:map", { expression: "{'c': input.c, 'd': ($exists(input.d) ? input.d : 0) + 1}" }, 2);
  const good = node("condition", "Good enough?", "core:condition", { expression: "input.d >= 3" }, 3);
  const last = node("condition", "Last chapter?", "core:condition", { expression: "input.c >= 4" }, 4);
  const book = node("output", "Book", null, {}, 5);
  const again = edge(good, draft, "false", "input", { loop: { maxIterations: 5 } });
  const next = edge(last, chapter, "false", "input", { loop: { maxIterations: 10 } });
  const flow = await stage.put("Book", [start, chapter, draft, good, last, book], [edge(start, chapter), edge(chapter, draft), edge(draft, good), again, edge(good, last, "true"), next, edge(last, book, "true")]);
  const run = await stage.ran(flow);
  assert.deepEqual(run.outputs, { Book: { c: 4, d: 3 } });
  await stage.see(`/runs/${run.id}`);
  await card(page, "Draft").waitFor();
  const rowOf = async (wire) => (await page.getByTestId(`edge-${wire.id}`).locator(".wire-label").boundingBox()).y;
  assert.ok(Math.abs((await rowOf(again)) - (await rowOf(next))) > 8, "the wires back do not lie on each other");
  const timeline = page.getByTestId("timeline");
  await timeline.getByText("Loop at Chapter").click();
  await timeline.getByText("Round 2 of 10").click();
  await timeline.getByText("Loop at Draft").click();
  await timeline.getByText("Round 3 of 5").waitFor();
  await page.getByTestId("round-before").first().click();
  await card(page, "Chapter").getByText("3 of 10").waitFor();
  await page.getByTestId("round-before").nth(1).click();
  await card(page, "Draft").getByText("2 of 5").waitFor();
  await card(page, "Chapter").getByText("3 of 10").waitFor();
  await stage.shot("nested");
});

test("a flow inside itself has a way down and back, level by level", { timeout: 120_000 }, async () => {
  const start = begins();
  const leaf = node("condition", "Leaf?", "core:condition", { expression: "input.depth >= 2" }, 1);
  const deeper = node("action", "Deeper", "core:map", { expression: "{'depth': input.depth + 1}" }, 2);
  const found = node("output", "Found", null, {}, 2, { position: { x: 496, y: 160 } });
  const result = node("output", "Result", null, {}, 4);
  const empty = await stage.put("Down and down", [], []);
  const itself = node("subflow", "Itself", "core:subflow", { flowId: empty.id, mode: "once" }, 3);
  const whole = { name: empty.name, nodes: [start, leaf, deeper, itself, found, result], edges: [edge(start, leaf), edge(leaf, found, "true"), edge(leaf, deeper, "false"), edge(deeper, itself), edge(itself, result)] };
  await fetch(`${stage.origin}/flows/${empty.id}`, { method: "PUT", headers: { authorization: `Bearer ${stage.token}`, "content-type": "application/json", "if-match": "*" }, body: JSON.stringify(whole) });
  const run = await stage.ran(empty, { depth: 0 });
  await stage.see(`/runs/${run.id}`);
  for (let level = 0; level < 2; level += 1) {
    await card(page, "Itself").locator(".card-name").dblclick();
    await page.getByTestId("node-panel").getByRole("tab", { name: /Items/ }).click();
    await page.getByTestId("item-row").first().click();
    await until(async () => (await page.getByTestId("scope-bar").locator("li").count()) === level + 2, `level ${level + 1}`);
  }
  await card(page, "Found").and(page.locator("[data-status=done]")).waitFor();
  await stage.shot("recursion");
  await page.getByTestId("scope-bar").getByRole("button", { name: "Itself, inside" }).click();
  await until(async () => (await page.getByTestId("scope-bar").locator("li").count()) === 2, "one level up");
});

test("a node runs again with other inputs on the newest version, and the plan says what changed", { timeout: 120_000 }, async () => {
  const start = begins();
  const work = node("action", "Work", "core:map", { expression: "input" }, 1);
  const send = node("action", "Send", "core:map", { expression: "input.n > 5 ? input.n : $error('too small')" }, 2);
  const sent = node("output", "Sent", null, {}, 3);
  const nodes = [start, work, send, sent];
  const edges = [edge(start, work), edge(work, send), edge(send, sent)];
  const flow = await stage.put("Send it", nodes, edges);
  const run = await stage.ran(flow, { n: 1 });
  assert.equal(run.status, "failed");
  send.handlers.main.config.expression = "input.n > 2 ? input.n : $error('still too small')";
  await fetch(`${stage.origin}/flows/${flow.id}`, { method: "PUT", headers: { authorization: `Bearer ${stage.token}`, "content-type": "application/json", "if-match": "*" }, body: JSON.stringify({ name: flow.name, nodes, edges }) });
  await stage.call("POST", `/flows/${flow.id}/versions`, {});
  await stage.see(`/runs/${run.id}`);
  await page.getByTestId("rerun-here").click();
  assert.ok(await page.getByTestId("rerun-from-failure").isChecked(), "where it starts from is chosen in the dialog");
  await page.getByTestId("rerun-newest").click();
  await page.getByTestId("rerun-edit").click();
  await page.getByTestId("rerun-dialog").locator("textarea").fill('{"input": {"n": 3}}');
  await page.locator("[data-testid=rerun-plan][data-ready=true]").getByText("One node changed since").waitFor();
  await stage.shot("plan");
  await page.getByTestId("rerun-confirm").click();
  await page.waitForURL((url) => url.pathname.startsWith("/canvas/runs/") && !url.pathname.endsWith(run.id));
  await page.locator("[data-testid=run-status][data-status=done]").waitFor();
  await card(page, "Work").getByText("Used again").waitFor();
});

test("limits are set by a form, a key that is no CEL is told at its field, and what they dropped is listed with why", { timeout: 120_000 }, async () => {
  const heard = node("trigger", "Heard", "core:channel", { channel: "ticks", limits: { rateLimit: { count: 1, seconds: 3600 }, key: "inputs.value +" } }, 0);
  const done = node("output", "Done", null, {}, 1);
  const flow = await stage.put("Not too often", [heard, done], [edge(heard, done)]);
  await stage.see(`/flows/${flow.id}?node=${heard.id}`);
  const limits = page.getByTestId("limits");
  await limits.getByText("1 in 3600 s, the rest is dropped").waitFor();
  await limits.getByText("it ends too early").waitFor();
  await limits.getByText("it ends too early").scrollIntoViewIfNeeded();
  await stage.shot("limits");
  await limits.getByLabel("Key").fill("inputs.value.kind");
  await until(async () => (await limits.getByText("it ends too early").count()) === 0, "the key to be right");
  await until(async () => (await stage.call("GET", `/flows/${flow.id}`)).problems.length === 0, "the flow without problems");
  await stage.call("POST", `/flows/${flow.id}/versions`, {});
  const start = begins();
  const ticks = await stage.put("Ticks", [start], [], { channels: [channel("ticks", [end(start, "out")], [], { shared: true })] });
  await stage.ran(ticks, { kind: "a" });
  await stage.ran(ticks, { kind: "a" });
  await page.reload();
  const came = page.getByTestId("came");
  await until(async () => {
    await came.getByTestId("came-again").click();
    return (await came.getByText("Started").count()) === 1 && (await came.getByText("Dropped").count()) === 1;
  }, "one that started and one that was dropped", 60);
  await came.scrollIntoViewIfNeeded();
  await stage.shot("came");
});

test("a topic, what follows a failure, and how many runs at once have their forms", { timeout: 120_000 }, async () => {
  const records = node("trigger", "Records", "kafka:topic", { topic: "orders" }, 0);
  const work = node("action", "Work", "core:map", { expression: "input" }, 1);
  const other = await stage.put("Tell somebody", [begins()], []);
  const flow = await stage.put("Orders from elsewhere", [records, work], [edge(records, work)]);
  await stage.see(`/flows/${flow.id}?node=${records.id}`);
  await page.getByLabel("Topic").fill("new-orders");
  await page.getByLabel("Consumer group").fill("shop");
  await stage.shot("topic");
  await card(page, "Work").locator(".card-name").click();
  await page.getByRole("button", { name: /onError/ }).first().click();
  await until(async () => (await stage.call("GET", `/flows/${flow.id}`)).nodes[1].handlers.onError?.entrypoint === "core:map", "a handler of the failure");
  await stage.shot("on-error");
  await page.keyboard.press("Escape");
  await page.getByTestId("canvas").click({ position: { x: 400, y: 600 } });
  await page.getByRole("button", { name: "Show the inspector" }).click().catch(() => undefined);
  await page.getByLabel("Runs at once").fill("3");
  await page.getByLabel("Start a flow").selectOption({ label: "Tell somebody" });
  await until(async () => {
    const { settings, nodes } = await stage.call("GET", `/flows/${flow.id}`);
    const { topic, group } = nodes[0].handlers.main.config;
    return settings.concurrency === 3 && settings.onFailure?.flowId === other.id && topic === "new-orders" && group === "shop";
  }, "the settings on the server", 60);
  await stage.shot("settings");
});

test("onError is seen to have given the result, a failed run and the one it started name each other, and a full flow says so", { timeout: 120_000 }, async () => {
  const [start, result] = [begins(), node("output", "Done", null, {}, 2)];
  const work = node("action", "Work", "core:map", { expression: "$error('no')" }, 1);
  const saved = { ...work, handlers: { ...work.handlers, onError: { entrypoint: "core:map", config: { expression: "'instead'" } } } };
  const mended = await stage.put("Mended", [start, saved, result], [edge(start, saved), edge(saved, result)]);
  const good = await stage.ran(mended);
  assert.deepEqual(good.outputs, { Done: "instead" });
  await stage.see(`/runs/${good.id}`);
  await card(page, "Work").getByText("Done by onError").waitFor();
  await card(page, "Work").locator(".card-name").dblclick();
  await page.getByTestId("node-panel").getByText("It failed with ExpressionFailed; what onError gave is its result.").waitFor();
  await stage.shot("on-error-run");

  const told = await stage.put("Deal with it", [begins()], []);
  await stage.call("POST", `/flows/${told.id}/versions`, {});
  const fails = await stage.put("Fails", [start, work], [edge(start, work)], { settings: { onFailure: { flowId: told.id }, concurrency: 1 } });
  const bad = await stage.ran(fails);
  await stage.see(`/runs/${bad.id}`);
  await page.getByTestId("after-failure").getByText("its error flow ran").waitFor();
  await stage.shot("failure");
  await page.getByTestId("after-failure").getByRole("link").click();
  await page.getByText("the failure of").waitFor();

  const long = node("action", "Long", "core:timer", { seconds: 600 }, 1);
  const full = await stage.put("One at a time", [start, long], [edge(start, long)], { settings: { concurrency: 1 } });
  await stage.call("POST", `/flows/${full.id}/versions`, {});
  await stage.call("POST", "/executions", { flowId: full.id, inputs: {} });
  await stage.see(`/flows/${full.id}`);
  await page.getByTestId("run-button").click();
  await page.getByTestId("run-start").click();
  await page.getByTestId("run-dialog").getByText("A run of this flow goes on, and its settings allow no more at once.").waitFor();
  await stage.shot("full");
  await page.getByTestId("run-dialog").getByRole("button", { name: "Not now" }).click();
  // To be told so is no mistake of the page.
  while (stage.complaints.length > 0 && /429/.test(stage.complaints[0])) stage.complaints.shift();
});

test("of a run with thousands of activations the page says how far it has read, and reads on", { timeout: 120_000 }, async () => {
  const [begin, one, text] = [begins(), node("action", "Read", "core:map", { expression: "input.item * 2" }, 1), node("output", "Text", null, {}, 2)];
  const child = await stage.put("Read one", [begin, one, text], [edge(begin, one), edge(one, text)]);
  await stage.call("POST", `/flows/${child.id}/versions`, {});
  const start = begins();
  const list = node("action", "List", "core:map", { expression: "[1..800]" }, 1);
  const each = node("subflow", "Read each", "core:subflow", { flowId: child.id, mode: "forEach", concurrency: 20, onItemError: "continue" }, 2);
  const count = node("action", "Count", "core:map", { expression: "$count(input)" }, 3);
  const flow = await stage.put("Eight hundred", [start, list, each, count], [edge(start, list), edge(list, each, "out", "items"), edge(each, count)]);
  const run = await stage.ran(flow);
  await stage.see(`/runs/${run.id}?node=${count.id}&tab=data`);
  await page.getByTestId("recorded").getByText("the first 2,000 of 2,404 activations").waitFor();
  await stage.shot("recorded");
  await page.getByTestId("recorded-more").click();
  await page.getByTestId("recorded").waitFor({ state: "detached" });
});

test("schedules and what waits fit a phone, and are within reach of a thumb", { timeout: 120_000 }, async () => {
  const nightly = node("trigger", "Nightly report of the whole shop", "core:schedule", { cron: "30 2 * * *", timeZone: "Europe/Berlin", missed: "once" }, 0);
  const done = node("output", "Done", null, {}, 1);
  const night = await stage.put("Every night", [nightly, done], [edge(nightly, done)]);
  await stage.call("POST", `/flows/${night.id}/versions`, {});
  const start = begins();
  const ask = node("action", "Approve a refund of 249 EUR?", "core:approval", { expiresSeconds: 86_400 }, 1);
  const asks = await stage.put("Refund triage", [start, ask], [edge(start, ask)]);
  await stage.call("POST", `/flows/${asks.id}/versions`, {});
  await stage.call("POST", "/executions", { flowId: asks.id, inputs: { customer: "Ana" } });
  const phone = await page.context().newPage();
  await phone.setViewportSize({ width: 390, height: 844 });
  const fits = async () => assert.ok((await phone.evaluate(() => document.documentElement.scrollWidth)) <= 390, "no wider than the phone");
  await phone.goto(`${stage.origin}/canvas/schedules`);
  await phone.getByTestId("schedule-open").click();
  await phone.getByTestId("fires").getByText(/02:30/).first().waitFor();
  await fits();
  assert.ok((await phone.getByTestId("schedule-pause").boundingBox()).height >= 44);
  await stage.shot("phone-schedules", phone);
  await phone.goto(`${stage.origin}/canvas/approvals`);
  await phone.getByTestId("inbox-row").waitFor();
  await fits();
  assert.ok((await phone.getByTestId("inbox-row").boundingBox()).height >= 44);
  await stage.shot("phone-inbox", phone);
  await phone.close();
});

test("nothing went wrong in the browser meanwhile", () => {
  assert.deepEqual(stage.complaints, []);
});
