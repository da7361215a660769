import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { burstSvg, niceCeiling } from "../src/burst-svg.ts";
import { burstText } from "../src/burst-text.ts";
import { Gauge } from "../src/gauge.ts";
import { PaymentProvider } from "../src/payment-provider.ts";
import type { BurstResult } from "../src/run-burst.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function burst(
  ...args: readonly string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--conditions=@anyqueue/source", MAIN, ...args],
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test("worker and function charge every order of a burst, and never ask too much of the provider", async () => {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-burst-"));
  try {
    const svg = join(folder, "burst.svg");
    const { code, stdout } = await burst("--orders", "600", "--json", "--svg", svg);
    const results: readonly BurstResult[] = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(results.map(({ mode }) => mode)).toEqual(["worker", "Lambda"]);
    for (const result of results) {
      expect(result).toMatchObject({ orders: 600, charged: 600, peakCharges: expect.any(Number) });
      expect(result.peakCharges).toBeGreaterThan(1);
      expect(result.peakCharges).toBeLessThanOrEqual(32);
      expect(result.samples.at(-1)?.backlog).toBe(0);
    }
    expect(await readFile(svg, "utf8")).toBe(burstSvg(results));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a number of orders that is none is refused", async () => {
  expect(await burst("--orders", "many")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--orders takes a whole number from 1, got "many".'),
  });
});

test("a short burst has its own number of orders", async () => {
  expect(await burst("--short", "--orders", "600")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--short is 2000 orders"),
  });
});

/** 10 orders arrive at once and are charged in two intervals. */
function smallResult(): BurstResult {
  const gauge = new Gauge(1_000);
  gauge.countSent(10);
  for (let number = 0; number < 4; number += 1) gauge.countCharged(`o-${number}`, 100 * (number + 1));
  gauge.sample(1_500);
  for (let number = 3; number < 10; number += 1) gauge.countCharged(`o-${number}`, 900);
  gauge.sample(2_000);
  const { samples, charged, repeated } = gauge;
  return { mode: "worker", orders: 10, charged, repeated, peakCharges: 3, seconds: 1, samples };
}

test("the gauge counts an order once, and says what was charged again", () => {
  const { samples, charged, repeated } = smallResult();
  expect({ charged, repeated }).toEqual({ charged: 10, repeated: 1 });
  expect(samples).toEqual([
    { atMs: 500, backlog: 6, sentPerSecond: 20, chargedPerSecond: 8, waitP95Ms: 400 },
    { atMs: 1_000, backlog: 0, sentPerSecond: 0, chargedPerSecond: 12, waitP95Ms: 900 },
  ]);
});

test("the terminal chart is as high as its greatest value and as wide as the run", () => {
  const lines = burstText(smallResult()).split("\n");
  expect(lines[0]).toBe("worker: 10 of 10 orders in 1.0 s, at most 3 charges at once, 1 charged again");
  expect(lines[2]).toBe(` backlog │${"█".repeat(30)}${" ".repeat(30)}│ 6 orders`);
  expect(lines.find((line) => line.startsWith(" charged"))).toBe(
    ` charged │${"▃".repeat(30)}${"█".repeat(30)}│ 12 orders/s`,
  );
  expect(lines.at(-2)).toMatch(/^ {9}0 +1\.0 s$/);
});

test("the picture has a panel per run, the same scale for both, and colours for light and dark", () => {
  const slow = { ...smallResult(), mode: "Lambda", seconds: 2 };
  const svg = burstSvg([smallResult(), slow]);
  expect(svg.match(/class="title"/g)).toHaveLength(2);
  expect(svg.match(/<polyline/g)).toHaveLength(8);
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect([0, 1, 7, 12, 50, 51].map(niceCeiling)).toEqual([1, 1, 10, 20, 50, 100]);
});

test("the provider takes as many charges at once as it says, and keeps the rest waiting", async () => {
  const provider = new PaymentProvider({ maxCharges: 2, chargeMs: 1 });
  await Promise.all(Array.from({ length: 7 }, async () => await provider.charge(1)));
  expect({ peak: provider.peak, charged: provider.charged }).toEqual({ peak: 2, charged: 7 });
  await expect(provider.charge(0)).rejects.toThrow("A charge must be positive, got 0.");
});
