import { expect, test } from "vitest";
import { Program } from "./run-program.ts";

test("a trust file that cannot be written ends the command, and its servers", async () => {
  await using program = new Program(["up", "--service-bus-tls-port", "0"], { TMPDIR: "/nowhere" });
  expect(await program.ended).toMatchObject({ code: 1, errors: expect.stringContaining("/nowhere") });
});
