import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/** SDKs, and the parts of Node that take longer to load than an adapter. Type imports load nothing. */
const HEAVY =
  "^(?:@aws-sdk/|@smithy/|@azure/|@google-cloud/|@grpc/|rhea|node:(?:https?|http2|tls|net|crypto|util)$)";

async function heavyImportsOf(entry: string): Promise<string> {
  const program = `
    import { registerHooks } from "node:module";
    const heavy = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        if (new RegExp(${JSON.stringify(HEAVY)}).test(specifier)) heavy.add(specifier);
        return next(specifier, context);
      },
    });
    await import(${JSON.stringify(entry)});
    console.log([...heavy].join());
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@anyqueue/source", "--input-type=module", "--eval", program],
    { cwd: import.meta.dirname },
  );
  return stdout.trim();
}

describe("importing", () => {
  test.each(["@anyqueue/sqs", "@anyqueue/service-bus", "@anyqueue/pubsub"])(
    "%s loads neither its SDK nor what an SDK is made of",
    async (entry) => {
      expect(await heavyImportsOf(entry)).toBe("");
    },
  );

  test("an SDK, or Node's own, would be seen", async () => {
    expect(await heavyImportsOf("node:https")).toBe("node:https");
    expect(await heavyImportsOf("@anyqueue/sqs/testing")).toBe("node:crypto");
  });
});
