import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { withoutImports } from "./require-on-demand.ts";

async function run(code: string): Promise<unknown> {
  // Runs the code as jest does, without support for `import()`.
  const load = runInThisContext(`(async (require, at) => ${withoutImports(code)})`);
  const require = (name: string): unknown => {
    if (name === "missing") throw new Error("not found");
    if (name === "node:url") return { fileURLToPath: (url: string) => url.replace("file://", "") };
    return { loaded: name };
  };
  return await load(require, () => "file:///work/x.cjs");
}

test("what a CJS file imports on demand is required, and a failure rejects", async () => {
  await expect(run("await import('@azure/service-bus')")).resolves.toEqual({ loaded: "@azure/service-bus" });
  await expect(run("await Promise.all([import('./lean.cjs'), import('http')])")).resolves.toEqual([
    { loaded: "./lean.cjs" },
    { loaded: "http" },
  ]);
  await expect(run("import('missing').catch((error) => error.message)")).resolves.toBe("not found");
});

test("a name that is found at run time may be a URL", async () => {
  await expect(run("await import(/* webpackIgnore: true */ /* @vite-ignore */ at())")).resolves.toEqual({
    loaded: "/work/x.cjs",
  });
});

test("nothing else that is spelt so is touched", () => {
  const code = "const important = reimport('x'); call(imports('y'));";
  expect(withoutImports(code)).toBe(code);
});
