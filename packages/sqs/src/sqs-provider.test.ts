import { systemClock } from "@anyqueue/core/adapter";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { sqs, type SqsOptions } from "./sqs-provider.ts";

const url = { scheme: "sqs", authority: "eu-west-1", path: "", parameters: {}, text: "sqs://eu-west-1" };

describe("sqs", () => {
  test.each([
    ["a misspelt option, with a suggestion", { endpont: "x" }, /"endpont" \(did you mean "endpoint"\?\)/],
    [
      "retries inside the SDK",
      { clientOptions: { maxAttempts: 3 } },
      /clientOptions\.maxAttempts is the adapter's own/,
    ],
    ["the SDK's checksums", { clientOptions: { md5: null } }, /clientOptions\.md5/],
    [
      "a client beside settings for one",
      { client: { send: () => {} }, region: "eu-west-1" },
      /`client` and `region` cannot be combined/,
    ],
    ["a client that is none", { client: {} }, /`client` is not an SQSClient/],
    ["a region that is none", { region: "Ireland" }, /`region` is not an AWS region/],
    ["a region that is no text", { region: 5 }, /`region` is not an AWS region/],
    ["options that are none", null, /expected an object of options/],
    [
      "everything wrong at once",
      { regio: "eu-west-1", client: {}, clientOptions: { retryMode: "standard" } },
      /"regio" \(did you mean "region"\?\).*retryMode.*is not an SQSClient.*`client` and `clientOptions` cannot/,
    ],
  ])("refuses %s", (_, options, reason) => {
    expect(() => sqs(options as SqsOptions)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(reason) }),
    );
  });

  test("refuses two regions, and an unencrypted endpoint elsewhere", () => {
    expect(() => sqs({ region: "us-east-1" }).connect(url, { clock: systemClock })).toThrow(
      /says eu-west-1.*says us-east-1/,
    );
    expect(() => sqs({ endpoint: "http://10.0.0.1:4566" }).connect(url, { clock: systemClock })).toThrow(
      /not encrypted/,
    );
  });

  test("refuses a queue URL on an unencrypted server elsewhere", () => {
    const adapter = sqs().connect(url, { clock: systemClock });
    const ref = {
      kind: "queue" as const,
      name: "http://10.0.0.1:4566/000000000000/q",
      exact: true,
      features: [],
    };
    expect(() => adapter.resolve(ref)).toThrow(/not encrypted/);
  });

  test("names targets without secrets and tells FIFO from standard queues", () => {
    const adapter = sqs().connect(url, { clock: systemClock });
    const ordered = adapter.resolve({ kind: "queue", name: "prod-orders", features: ["ordering"] });
    const plain = adapter.resolve({ kind: "queue", name: "prod-orders", features: [] });
    expect(ordered).toMatchObject({ name: "sqs://eu-west-1/prod-orders.fifo", entity: "prod-orders.fifo" });
    expect(ordered.capabilities).toMatchObject({
      ordering: "by-key",
      deduplication: "window",
      sendDelay: "none",
      settle: "confirmed",
    });
    expect(plain.capabilities).toMatchObject({
      ordering: "none",
      deduplication: "none",
      sendDelay: { maxMs: 900_000 },
      settle: "lateOk",
    });
  });

  test("is imported without the SDK, which is loaded with the first call", async () => {
    const program = `
      import { registerHooks } from "node:module";
      let loaded = 0;
      registerHooks({ load(url, context, next) { loaded += Number(url.includes("@aws-sdk")); return next(url, context); } });
      const { sqs } = await import("@anyqueue/sqs");
      const { systemClock } = await import("@anyqueue/core/adapter");
      const credentials = { accessKeyId: "a", secretAccessKey: "b" };
      const parameters = { endpoint: "http://127.0.0.1:1" };
      const url = { scheme: "sqs", authority: "eu-west-1", path: "", parameters, text: "" };
      const adapter = sqs({ credentials }).connect(url, { clock: systemClock });
      const producer = adapter.openProducer(adapter.resolve({ kind: "queue", name: "q", features: [] }));
      const before = loaded;
      await producer.open(new AbortController().signal).catch(() => {});
      console.log(before, loaded > 0);
      await adapter.close();
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=@anyqueue/source", "--input-type=module", "--eval", program],
      { cwd: import.meta.dirname },
    );
    expect(stdout.trim()).toBe("0 true");
  });
});
