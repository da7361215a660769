import { expect, test } from "vitest";
import { Program } from "./run-program.ts";

test("up ends with its servers where it cannot write its trust file", async () => {
  await using program = new Program(["up", "--service-bus-tls-port", "0"], { TMPDIR: "/nowhere" });
  expect(await program.ended).toMatchObject({ code: 1, errors: expect.stringContaining("/nowhere") });
});

test("deploy-files ends though the module that it was given does not, and has written everything", async () => {
  const module = "packages/cli/test/functions/definition-beside-a-timer.mjs";
  await using program = new Program(["deploy-files", module, "--runtime", "lambda"], {});
  const { code, lines } = await program.ended;
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe("}");
});

test("an older Node.js is told the one that is needed", async () => {
  const older = { NODE_OPTIONS: "--import=data:text/javascript,delete%20Promise.withResolvers" };
  await using program = new Program(["--version"], older);
  const { code, lines, errors } = await program.ended;
  expect({ code, lines }).toEqual({ code: 1, lines: [] });
  expect(errors).toBe(`anyqueue needs Node.js 22.12 or newer; this is ${process.versions.node}.\n`);
});
