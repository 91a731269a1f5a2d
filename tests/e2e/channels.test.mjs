// Channels on screen: made at a port, seen as tags and dashed wires, walked, renamed, copied, undone, and lit by a run.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { card, fit, open, saved } from "./gestures.mjs";
import { until } from "./product.mjs";
import { channel, edge, end, node, Stage } from "./stage.mjs";

const stage = new Stage("channels");
let page;

before(async () => {
  page = await stage.open();
});
after(() => stage.close());

const tag = (name, side) => page.locator(`[data-testid="channel-tag-${name}"]${side ? `[data-side=${side}]` : ""}`);
const channelWires = (name) => page.locator(`[data-testid="channel-wire-${name}"]`);
const draft = async (flow) => (await stage.call("GET", `/flows/${flow.id}`)).channels;

const start = node("trigger", "Manual start", "core:manual", {}, 0);
const order = node("action", "Order", "core:map", { expression: "{'n': 1}" }, 1);
const paid = node("output", "Paid", null, {}, 2);
const keep = node("action", "Keep a copy", "core:map", { expression: "input" }, 2, { position: { x: 744, y: 208 } });
const kept = node("output", "Kept", null, {}, 2, { position: { x: 992, y: 208 } });
let flow;

test("a port publishes by a name that is typed, another listens by choosing it, and both show it", { timeout: 120_000 }, async () => {
  flow = await stage.put("Orders", [start, order, paid, keep, kept], [edge(start, order), edge(order, paid), edge(keep, kept)]);
  await stage.see(`/flows/${flow.id}`);
  await card(page, "Order").waitFor();
  await fit(page, "Order");
  await open(page, "Order");
  await page.getByRole("tab", { name: "Ports" }).click();
  await page.getByTestId("port-channels-publishers-out").getByRole("button", { name: "Publish to a channel" }).click();
  await page.getByTestId("channel-name").fill("orders");
  await page.keyboard.press("Enter");
  await tag("orders", "publishers").waitFor();
  await open(page, "Keep a copy");
  await page.getByTestId("port-channels-subscribers-input").getByRole("button", { name: "Listen to a channel" }).click();
  await until(async () => (await page.locator("datalist option").evaluateAll((options) => options.map((option) => option.value))).includes("orders"), "the channel among the choices");
  await page.getByTestId("channel-name").fill("orders");
  await page.keyboard.press("Enter");
  await tag("orders", "subscribers").waitFor();
  // Selected: its channel is seen. The one reached by it alone is no problem any more.
  await channelWires("orders").waitFor();
  await saved(page);
  assert.deepEqual((await draft(flow)).map(({ name, publishers, subscribers }) => [name, publishers, subscribers]), [["orders", [end(order, "out")], [end(keep, "input")]]]);
  assert.match(await page.locator(`.react-flow__node[data-id="${keep.id}"]`).getAttribute("aria-label"), /input listens to orders/);
  await stage.shot("ports");
});

test("its wires come with the key and go with it, and a tag leads to whoever is in the channel", { timeout: 120_000 }, async () => {
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.mouse.move(720, 700);
  await until(async () => (await channelWires("orders").count()) === 0, "no wire of a channel at rest");
  await page.keyboard.press("Shift+C");
  await channelWires("orders").waitFor();
  await stage.shot("shown");
  await page.getByTestId("channels-toggle").click();
  await page.mouse.move(720, 700);
  await until(async () => (await channelWires("orders").count()) === 0, "the wire to be hidden again");
  await tag("orders", "publishers").click();
  const list = page.getByTestId("channel-list");
  await list.getByText("Keep a copy").waitFor();
  await channelWires("orders").waitFor();
  await stage.shot("list");
  await list.getByTestId("channel-go-Keep a copy").click();
  await page.locator(`.react-flow__node.selected[data-id="${keep.id}"]`).waitFor();
});

test("a new name goes to every tag, a port's new key keeps its channel, and undo takes both back", { timeout: 120_000 }, async () => {
  await tag("orders", "subscribers").click();
  await page.getByLabel("Name of the channel").fill("new orders");
  await page.keyboard.press("Enter");
  await tag("new orders", "subscribers").waitFor();
  await tag("new orders", "publishers").waitFor();
  await page.keyboard.press("Escape");
  await open(page, "Keep a copy");
  await page.getByRole("tab", { name: "Ports" }).click();
  await page.getByLabel("Key of input").fill("order");
  await page.keyboard.press("Enter");
  await saved(page);
  await until(async () => (await draft(flow))[0]?.subscribers[0]?.port === "order", "the channel at the port's new key");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await tag("orders", "subscribers").waitFor();
  await saved(page);
  await until(async () => (await draft(flow))[0]?.subscribers[0]?.port === "input", "the old key");
});

test("a copy of a node is in the channels of the first", { timeout: 120_000 }, async () => {
  await card(page, "Keep a copy").locator(".card-name").click();
  await page.keyboard.press("Control+d");
  await until(async () => (await tag("orders", "subscribers").count()) === 2, "the copy's tag");
  await page.keyboard.press("Delete");
  await until(async () => (await tag("orders", "subscribers").count()) === 1, "the copy gone, and its tag with it");
  await saved(page);
});

test("other flows hear it where it is shared, each list says who, and a run lights the wire", { timeout: 120_000 }, async () => {
  const heard = node("trigger", "An order came", "core:channel", { channel: "orders" }, 0);
  const other = await stage.put("Count orders", [heard, paid], [edge(heard, paid)]);
  await stage.call("POST", `/flows/${other.id}/versions`, {});
  await tag("orders", "publishers").click();
  await page.getByTestId("channel-list").getByText("Other flows hear it too").click();
  await page.getByTestId("channel-elsewhere").getByText("Count orders").waitFor();
  await stage.shot("shared");
  await page.keyboard.press("Escape");
  await saved(page);
  const run = await stage.ran(flow);
  assert.deepEqual(run.outputs, { Paid: { n: 1 }, Kept: { n: 1 } });
  await until(async () => (await stage.call("GET", `/executions?flowId=${other.id}`)).items.length === 1, "the other flow's run", 60);
  await stage.see(`/runs/${run.id}`);
  // What carried something is seen without asking for it.
  await page.locator('[data-testid="channel-wire-orders"][data-state=carried]').waitFor();
  await card(page, "Keep a copy").locator(".card-name").dblclick();
  await stage.shot("run");
  await stage.see(`/flows/${other.id}`);
  await tag("orders", "project").click();
  await page.getByTestId("channel-elsewhere").getByText("Orders", { exact: true }).click();
  await page.waitForURL(new RegExp(`/flows/${flow.id}`));
  await card(page, "Order").waitFor();
});

test("a hundred listeners are drawn, and left out again", { timeout: 120_000 }, async () => {
  const begin = node("trigger", "Begin", "core:manual", {}, 0);
  const many = Array.from({ length: 100 }, (_, n) => node("action", `Listener ${n + 1}`, "core:map", { expression: "$" }, 0, { position: { x: 400 + 248 * (n % 10), y: 104 * Math.floor(n / 10) } }));
  const crowd = await stage.put("A crowd", [begin, ...many], [], { channels: [channel("all", [end(begin, "out")], many.map((one) => end(one, "input")))] });
  await stage.see(`/flows/${crowd.id}`);
  await card(page, "Begin").waitFor();
  await page.keyboard.press("Shift+C");
  await until(async () => (await channelWires("all").count()) === 100, "a wire for each");
  await stage.shot("crowd");
  await page.keyboard.press("Shift+C");
});

test("nothing went wrong in the browser meanwhile", () => {
  assert.deepEqual(stage.complaints, []);
});
