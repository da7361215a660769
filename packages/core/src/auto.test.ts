import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, loadConfig, locate } from "./auto.ts";
import { isQueueError } from "./errors/queue-error.ts";
import { defineQueue, defineTopic } from "./message/queue-definition.ts";

async function folderWith(file?: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-"));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const content = typeof file === "string" ? file : JSON.stringify(file);
  if (file !== undefined) await writeFile(join(folder, "anyqueue.config.json"), content);
  return folder;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isQueueError(error, "INVALID_ARGUMENT")) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

const FILE = {
  $schema: "https://example.com/schema.json",
  url: "memory:",
  prefix: "dev-",
  queues: { orders: "orders-v2", calls: { consumer: { concurrency: 2 } } },
  environments: {
    prod: { url: "sqs://eu-west-1", queues: { calls: { deadLetter: "failed" } } },
    test: {},
  },
};

describe("loadConfig", () => {
  test("reads the file of the folder", async () => {
    const directory = await folderWith(FILE);
    expect(await loadConfig({ env: {}, directory })).toEqual({
      url: "memory:",
      prefix: "dev-",
      queues: FILE.queues,
      variables: {},
    });
  });

  test("takes a file with a byte order mark", async () => {
    const directory = await folderWith(`\uFEFF${JSON.stringify({ url: "memory:" })}`);
    expect(await loadConfig({ env: {}, directory })).toMatchObject({ url: "memory:" });
  });

  test("an environment of the file overrides its base, queue by queue", async () => {
    const directory = await folderWith(FILE);
    expect(await loadConfig({ env: { ANYQUEUE_ENV: "prod" }, directory })).toEqual({
      url: "sqs://eu-west-1",
      prefix: "dev-",
      queues: { orders: "orders-v2", calls: { deadLetter: "failed" } },
      variables: {},
    });
  });

  test("variables override both, an empty one is not set", async () => {
    const directory = await folderWith(FILE);
    const env = {
      ANYQUEUE_ENV: "prod",
      ANYQUEUE_URL: "pubsub://p",
      ANYQUEUE_PREFIX: "",
      ANYQUEUE_ORDERS_URL: "sqs://us-east-1/x",
      ANYQUEUE_CALLS_URL: "",
      HOME: "/",
    };
    expect(await loadConfig({ env, directory })).toMatchObject({
      url: "pubsub://p",
      prefix: "dev-",
      variables: { ANYQUEUE_ORDERS_URL: "sqs://us-east-1/x" },
    });
  });

  test("needs no file", async () => {
    const directory = await folderWith();
    expect(await loadConfig({ env: { ANYQUEUE_URL: "memory:", ANYQUEUE_ENV: "prod" }, directory })).toEqual({
      url: "memory:",
      variables: {},
    });
  });

  test("takes the process's own environment by default", async () => {
    vi.stubEnv("ANYQUEUE_URL", "memory://from-process");
    expect(await loadConfig({ directory: await folderWith() })).toMatchObject({
      url: "memory://from-process",
    });
  });

  describe("refuses", () => {
    test("no connection at all, which the error's feature tells", async () => {
      const loading = loadConfig({ env: {}, directory: await folderWith() });
      await expect(loading).rejects.toMatchObject({ code: "INVALID_ARGUMENT", feature: "connection" });
      expect(await refusal(loading)).toContain("ANYQUEUE_URL");
    });

    test("a file that was named and is not there, or is a folder", async () => {
      const directory = await folderWith();
      const env = { ANYQUEUE_URL: "memory:" };
      expect(await refusal(loadConfig({ env, directory, file: "other.json" }))).toContain(
        "cannot be read (ENOENT)",
      );
      expect(await refusal(loadConfig({ env, directory, file: "." }))).toContain("cannot be read (EISDIR)");
    });

    test.each([
      ['{\n  "url": "s3cret"\n  "prefix": ""\n}', "not valid JSON (line 3 column 3)"],
      ['{ "url": s3cret }', "not valid JSON"],
      ["", "not valid JSON"],
    ])("the malformed file %j, without its text", async (file, text) => {
      const message = await refusal(loadConfig({ env: {}, directory: await folderWith(file) }));
      expect(message).toContain(text);
      expect(message).not.toContain("s3cret");
    });

    test.each([
      ["[]", "expected an object, got array"],
      [{ url: "memory:", enviroments: {} }, 'did you mean "environments"?'],
      [{ url: "memory:", environments: 7 }, "environments: expected an object, got number"],
      [{ url: "memory:", environments: { prod: 7 } }, "environments.prod: expected an object"],
      [{ url: "memory:", environments: { prod: { ulr: "x" } } }, 'did you mean "url"?'],
      [{ url: "memory:", variables: {} }, 'unknown key "variables"'],
      [{ url: "sqs://AKIA:s3cret@eu-west-1" }, "credentials"],
    ])("the file %j", async (file, text) => {
      const message = await refusal(loadConfig({ env: {}, directory: await folderWith(file) }));
      expect(message).toContain(text);
      expect(message).not.toContain("s3cret");
    });

    test.each([
      [{ a: "b" }, "orders"],
      [["a"], { orders: "orders-v2" }],
    ])("the queues %j with those of an environment, %j", async (base, chosen) => {
      const file = { url: "memory:", queues: base, environments: { prod: { queues: chosen } } };
      const directory = await folderWith(file);
      const message = await refusal(loadConfig({ env: { ANYQUEUE_ENV: "prod" }, directory }));
      expect(message).toContain("queues: expected an object");
    });

    test("an environment that the file does not have", async () => {
      const directory = await folderWith(FILE);
      expect(await refusal(loadConfig({ env: { ANYQUEUE_ENV: "prdo" }, directory }))).toContain(
        'did you mean "prod"?',
      );
      const unknown = await refusal(loadConfig({ env: { ANYQUEUE_ENV: "staging" }, directory }));
      expect(unknown).toContain("known: prod, test");
    });

    test("a value by the variable that it came from, with one remedy", async () => {
      const env = { ANYQUEUE_URL: '"memory:"', ANYQUEUE_PREFIX: "a b" };
      const message = await refusal(loadConfig({ env, directory: await folderWith() }));
      expect(message).toContain('ANYQUEUE_URL: "\\"memory:\\"" is not a URL');
      expect(message).toContain("ANYQUEUE_PREFIX: expected up to 80");
      expect(message).toMatch(/[^.]\. Correct the configuration; every problem found is listed\.$/);
    });

    test("a value of the file by the file, whatever the value says", async () => {
      const directory = await folderWith({ url: "sqs:/config.url", queues: { a: { nmae: "b" } } });
      const message = await refusal(loadConfig({ env: {}, directory }));
      const file = join(directory, "anyqueue.config.json");
      expect(message).toContain(`${file}: url: "sqs:/config.url" is not a URL`);
      expect(message).toContain(`${file}: queues.a: unknown key "nmae"`);
    });

    test("everything at once: file, environment and values", async () => {
      const directory = await folderWith({
        url: "memory:",
        perfix: "x",
        queues: { a: { nmae: "b" } },
        environments: {},
      });
      const env = { ANYQUEUE_ENV: "prod", ANYQUEUE_A_URL: "nonsense", ANYQUEUE_PREFIX: "a/b" };
      const message = await refusal(loadConfig({ env, directory }));
      for (const part of ['"perfix"', '"nmae"', "ANYQUEUE_ENV", "ANYQUEUE_A_URL", "PREFIX: expected"]) {
        expect(message).toContain(part);
      }
    });
  });
});

describe("connect", () => {
  test("names the package of a scheme that is not installed, and how to install it", async () => {
    // A folder outside this repository, whose packages are all installed.
    const cwd = await folderWith();
    await cp(import.meta.dirname, join(cwd, "src"), { recursive: true });
    await writeFile(join(cwd, "package.json"), '{ "type": "module" }');
    const source = 'import { connect } from "./src/auto.ts"; await connect("sqs://eu-west-1");';
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", source], {
      cwd,
      // Package managers put the paths of this repository's packages into NODE_PATH.
      env: { ...process.env, NODE_PATH: "" },
    });
    // And no word of providers, which `connect` finds by itself.
    await expect(run).rejects.toThrow(
      "@anyqueue/sqs is not installed. Run `npm install @anyqueue/sqs @aws-sdk/client-sqs`.\n",
    );
  });

  test("a scheme without a package is told which there are", async () => {
    for (const url of ["https://sqs.eu-west-1.amazonaws.com/1/orders", "sb://my-namespace", "redis://x"]) {
      expect(await refusal(connect(url))).toContain(
        '"sqs://region", "service-bus://namespace" or "pubsub://project"',
      );
    }
  });

  test.each([
    ["sqss://eu-west-1", 'Did you mean "sqs:"?'],
    ["carrier-pigeon://x", 'no package is known for "carrier-pigeon:"'],
    ["constructor:", 'no package is known for "constructor:"'],
    ["sqs://a:s3cret@b", "credentials"],
  ])("refuses %s", async (url, text) => {
    const message = await refusal(connect(url));
    expect(message).toContain(text);
    expect(message).not.toContain("s3cret");
  });
});

describe("locate", () => {
  const config = {
    url: "memory:",
    prefix: "dev-",
    queues: { calls: { url: "memory://elsewhere/old-calls" } },
  };

  test("finds what a client with this configuration finds, without asking anybody", async () => {
    const { url, target } = await locate(defineQueue("orders"), config);
    expect([url.scheme, url.authority, target.entity]).toEqual(["memory", "", "dev-orders"]);
    const moved = await locate(defineQueue("calls"), config);
    expect([moved.url.authority, moved.url.path, moved.target.entity]).toEqual([
      "elsewhere",
      "",
      "old-calls",
    ]);
  });

  test("finds subscriptions", async () => {
    const { target } = await locate(defineTopic("placed").subscription("billing"), config);
    expect(target.ref).toMatchObject({ kind: "subscription", name: "billing", topic: "dev-placed" });
  });

  test("names the package that a scheme needs", async () => {
    expect(await refusal(locate(defineQueue("orders"), "nats://here"))).toContain(
      'no package is known for "nats:"',
    );
  });
});
