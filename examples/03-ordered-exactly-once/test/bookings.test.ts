import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Ledger } from "../src/ledger.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test("every account ends with its bookings in order and once, although every third one failed first", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@anyqueue/source", MAIN]);

  expect(stdout.trim().split("\n")).toEqual([
    "anna: 9 bookings, 45.00",
    "ben: 9 bookings, 45.00",
    "carla: 9 bookings, 45.00",
    "9 handlers failed once; 0 bookings out of order or twice",
  ]);
});

test("the ledger notices what comes out of order and what comes twice", () => {
  const ledger = new Ledger();
  for (const number of [1, 2, 2, 4]) ledger.book({ account: "anna", number, cents: 100 });

  expect(ledger.mistakes).toEqual(["anna: number 2 after 2", "anna: number 4 after 2"]);
});
