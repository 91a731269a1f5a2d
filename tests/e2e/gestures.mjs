// What a person's hand does on the canvas: real mouse moves and keys, never a call into the page's code.

import { until } from "./product.mjs";

const middle = async (locator) => {
  await locator.waitFor();
  const { x, y, width, height } = await locator.boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
};

export const card = (page, name) => page.getByTestId(`node-${name}`);
export const port = (page, name, key, side) => card(page, name).locator(`[data-port="${key}"][data-side="${side}"]`);
export const wires = (page) => page.locator("[data-testid^='edge-']").count();
export const inspector = (page) => page.getByTestId("inspector");

/** Wait until an element has kept its place for some looks at it: what moves cannot be pointed at. */
export async function still(locator) {
  let before = "";
  let looks = 0;
  await until(async () => {
    const now = JSON.stringify(await locator.boundingBox());
    looks = now === before ? looks + 1 : 0;
    before = now;
    return looks === 3;
  }, "an element at rest");
}

/** Drag an entry of the palette onto the canvas, its middle at this point of the window. */
export async function dragIn(page, reference, to) {
  // The palette is longer than the window is high.
  await page.getByTestId(`palette-item-${reference}`).scrollIntoViewIfNeeded();
  const from = await middle(page.getByTestId(`palette-item-${reference}`));
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 8, from.y + 8, { steps: 2 });
  await page.mouse.move(to.x, to.y, { steps: 8 });
  await page.mouse.up();
}

/** Take hold of an output port and move to an input port; the button stays down. */
export async function pull(page, from, to) {
  const start = await middle(port(page, from.name, from.port, "source"));
  const end = await middle(port(page, to.name, to.port, "target"));
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(start.x + 12, start.y + 4, { steps: 3 });
  await page.mouse.move(end.x, end.y, { steps: 10 });
}

/** Draw a wire and see that there is one more. */
export async function wire(page, from, to) {
  const before = await wires(page);
  await pull(page, from, to);
  await page.mouse.up();
  await until(async () => (await wires(page)) === before + 1, `the wire from ${from.name} to ${to.name}`);
}

/** Fit the whole flow into view, and wait until it rests there. */
export async function fit(page, name) {
  await page.getByRole("button", { name: /^Fit/ }).click();
  await still(card(page, name));
}

/** Open a node's settings by double click. */
export async function open(page, name) {
  await still(card(page, name));
  await card(page, name).locator(".card-name").dblclick();
  await inspector(page).getByText(name, { exact: true }).first().waitFor();
}

/** Give the open node a new name. */
export async function rename(page, name) {
  await page.getByTestId("inspector-name").click();
  await page.locator(".inspector-name").fill(name);
  await page.keyboard.press("Enter");
  await card(page, name).waitFor();
}

export const saved = (page) => page.locator("[data-testid=saved-state][data-state=saved]").waitFor();
