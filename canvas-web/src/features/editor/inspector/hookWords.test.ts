import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { curlExample, masked, shellQuoted } from "./hookWords";

describe("how to call a webhook", () => {
  it("signs in a shell as the contract says", () => {
    const secret = "it's a secret";
    const script = curlExample("http://127.0.0.1:1/hooks/orders", secret).replace(/^curl[^\n]*\\\n.*$/m, `printf '%s %s %s' "$T" "$SIG" "$BODY"`);
    const [time = "", signature = "", ...body] = execFileSync("bash", ["-c", script]).toString().split(" ");
    expect(signature).toBe(createHmac("sha256", secret).update(`${time}.${body.join(" ")}`).digest("hex"));
    expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(60);
  });

  it("shows of a secret only its ends", () => {
    expect(masked("abcdefghijklmnop")).toBe("abcd••••••••op");
    expect(masked("short")).toBe("••••••••");
    expect(shellQuoted("a'b")).toBe("'a'\\''b'");
  });
});
