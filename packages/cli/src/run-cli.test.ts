import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../test/run.ts";

test.each([
  [["upp"], 'anyqueue: unknown command "upp". Did you mean anyqueue up?'],
  [
    ["explode"],
    'anyqueue: unknown command "explode". Known: up, create, send, tail, redrive, invoke, deploy-files.',
  ],
  [["up", "--sqsport", "1"], "anyqueue up: unknown flag --sqsport. Did you mean --sqs-port?"],
  [
    ["up", "-x"],
    "anyqueue up: unknown flag -x. Known: --sqs-port, --service-bus-port, --service-bus-tls-port, --service-bus-config, --pubsub-port, --host, --json, --help.",
  ],
  [
    ["up", "--sqs-port", "65536"],
    'anyqueue up: --sqs-port must be a port from 0 to 65535, got "65536". 0 takes a free port.',
  ],
  [
    ["up", "--sqs-port", "http"],
    'anyqueue up: --sqs-port must be a port from 0 to 65535, got "http". 0 takes a free port.',
  ],
  [
    ["up", "--sqs-port=-1"],
    'anyqueue up: --sqs-port must be a port from 0 to 65535, got "-1". 0 takes a free port.',
  ],
  [["up", "--sqs-port"], "anyqueue up: --sqs-port needs a value: --sqs-port <value>."],
  [
    ["send", "q", "--file", "no/such.json"],
    "anyqueue send: --file cannot be read: ENOENT: no such file or directory, open 'no/such.json'.",
  ],
  [
    ["send", "q", "{}", "--id", "--json"],
    "anyqueue send: --id needs a value, got the flag --json. If it is meant: --id=--json.",
  ],
  [["up", "--json=yes"], 'anyqueue up: --json takes no value, got "yes".'],
  [["up", "--json", "--json"], "anyqueue up: --json was given twice."],
  [["up", "sqs"], 'anyqueue up: "sqs" is one argument too many.'],
  [["sned"], 'anyqueue: unknown command "sned". Did you mean anyqueue send?'],
  [["send"], "anyqueue send: which queue? anyqueue send <queue>; --help shows the flags."],
  [["send", "q"], 'anyqueue send: what shall be sent? Give a body, --file <path>, or "-" to type it.'],
  [
    ["send", "q", "{}", "--atribute", "a=b"],
    "anyqueue send: unknown flag --atribute. Did you mean --attribute?",
  ],
  [
    ["send", "q", '{"password":', '"x"}'],
    "anyqueue send: too many arguments. Put the body in quotes, so that the shell passes it as one argument.",
  ],
  [["send", "q", "{}", "--file", "a"], "anyqueue send: there is a body, and a --file: only one can be sent."],
  [
    ["send", "q", "{}", "--lines"],
    "anyqueue send: --lines reads standard input or a --file, but there is a body argument.",
  ],
  [["send", "q", "--lines", "--id", "a"], "anyqueue send: --id names one message, --lines sends many."],
  [["send", "q", "{}", "--attribute", "a"], "anyqueue send: --attribute is written name=value."],
  [["send", "q", "{}", "--attribute", "=a"], "anyqueue send: --attribute is written name=value."],
  [
    ["send", "q", "{}", "--attribute", "a=1", "--attribute", "a=2"],
    'anyqueue send: the attribute "a" was given twice.',
  ],
  [
    ["send", "q", "{}", "--delay", "30"],
    'anyqueue send: --delay got "30". Write a number and its unit: "500ms", "30s", "5m", "2h", "7d".',
  ],
  [["send", "q", "{}", "--text", "--binary"], "anyqueue send: a body is --text or --binary, not both."],
  [
    ["send", "q", "{}", "--content-type", "json"],
    'anyqueue send: --content-type must look like "application/json" or "text/plain; charset=utf-8".',
  ],
  [
    ["send", "q", '{"a":tru}'],
    "anyqueue send: the body cannot be sent: it is not JSON: column 6: expected a value. --text sends text as it is.",
  ],
  [["create"], "anyqueue create: which queue? anyqueue create <queue>; --help shows the flags."],
  [["create", "q", "r"], 'anyqueue create: "r" is one argument too many.'],
  [["create", "q", "--order"], "anyqueue create: unknown flag --order. Did you mean --ordered?"],
  [
    ["create", "q", "--attempts", "0"],
    'anyqueue create: --attempts must be a whole number from 1, or "unlimited", got "0".',
  ],
  [
    ["create", "q", "--attempts", "2.5"],
    'anyqueue create: --attempts must be a whole number from 1, or "unlimited", got "2.5".',
  ],
  [
    ["create", "q", "--lease", "30"],
    'anyqueue create: --lease got "30". Write a number and its unit: "500ms", "30s", "5m", "2h", "7d".',
  ],
  [
    ["create", "q", "--attempts", "3", "--no-dead-letters"],
    "anyqueue create: --attempts end in the dead letters, which --no-dead-letters leaves out.",
  ],
  [["tail"], "anyqueue tail: which queue? anyqueue tail <queue>; --help shows the flags."],
  [["tail", "q", "r"], 'anyqueue tail: "r" is one argument too many.'],
  [["tail", "q", "--deadletters"], "anyqueue tail: unknown flag --deadletters. Did you mean --dead-letters?"],
  [["tail", "q", "--max", "0"], 'anyqueue tail: --max must be a whole number from 1, got "0".'],
  [
    ["tail", "q", "--max", "1001"],
    "anyqueue tail: --max is 1000 at most without --ack, because all are held until the end.",
  ],
  [
    ["tail", "q", "--for", "61m"],
    "anyqueue tail: --for is 1h at most without --ack, because no message can be held for longer.",
  ],
  [["redrive"], "anyqueue redrive: which queue? anyqueue redrive <queue>; --help shows the flags."],
  [["redrive", "q", "r"], 'anyqueue redrive: "r" is one argument too many.'],
  [["redrive", "q", "--dryrun"], "anyqueue redrive: unknown flag --dryrun. Did you mean --dry-run?"],
  [
    ["redrive", "q", "--max", "0"],
    'anyqueue redrive: --max must be a whole number from 1 to 1000000000, got "0".',
  ],
  [
    ["redrive", "q", "--subscription"],
    "anyqueue redrive: --subscription needs a value: --subscription <value>.",
  ],
  [["invoke"], "anyqueue invoke: which function? anyqueue invoke <function file>; --help shows the flags."],
  [["invoke", "f.mjs"], "anyqueue invoke: which queue? Add --queue <name or url>."],
  [["invoke", "f.mjs", "g.mjs", "--queue", "q"], 'anyqueue invoke: "g.mjs" is one argument too many.'],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "lamda"],
    'anyqueue invoke: unknown runtime "lamda". Did you mean lambda?',
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "lambda", "--batch-size", "0"],
    'anyqueue invoke: --batch-size must be a whole number from 1 to 10000, got "0".',
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "lambda", "--window", "6m"],
    'anyqueue invoke: --window must be 0s to 5m, got "6m".',
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "lambda", "--timeout", "3"],
    'anyqueue invoke: --timeout got "3". Write a number and its unit: "500ms", "30s", "5m", "2h", "7d".',
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "azure-functions", "--window", "1s"],
    "anyqueue invoke: --window belongs to --runtime lambda; azure-functions has no such setting.",
  ],
  [
    ["invoke", "f.mjs", "--queue", "q"],
    "anyqueue invoke: which platform? Add --runtime lambda|azure-functions|cloud-run.",
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "cloud-run", "--path", "push"],
    'anyqueue invoke: --path must begin with a slash, got "push".',
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "cloud-run", "--audience", "a"],
    "anyqueue invoke: who signs the token? Add --token-from <control endpoint>, which anyqueue up prints.",
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "cloud-run", "--token-from", "localhost"],
    'anyqueue invoke: --token-from must be a URL such as http://127.0.0.1:4100, got "localhost".',
  ],
  [
    ["invoke", "f.mjs", "--queue", "q", "--runtime", "cloud-run", "--token-from", "http://127.0.0.1:1"],
    "anyqueue invoke: whom is the token for? Add --audience <text>.",
  ],
])("%j is a mistake that is explained", async (args, message) => {
  expect(await run(...args)).toEqual({ exitCode: 2, printed: "", warned: message });
});

test("help and version are printed", async () => {
  expect(await run("--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("Usage: anyqueue <command>"),
  });
  expect(await run("-h")).toEqual(await run("--help"));
  expect(await run("up", "-h")).toEqual(await run("up", "--help"));
  expect(await run("-v")).toEqual(await run("--version"));
  expect(await run("up", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("--sqs-port <port>"),
  });
  expect(await run("send", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("--attribute <name=value>"),
  });
  expect(await run("create", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("--no-dead-letters"),
  });
  expect(await run("tail", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("counts as one delivery attempt"),
  });
  expect(await run("redrive", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("only when its copy in the queue is confirmed"),
  });
  expect(await run("invoke", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("--report-batch-item-failures"),
  });
  expect(await run("--version")).toMatchObject({
    exitCode: 0,
    printed: expect.stringMatching(/^[0-9]+\.[0-9]+\.[0-9]+/),
  });
});

test("no command at all shows the usage and fails", async () => {
  expect(await run()).toMatchObject({ exitCode: 2, printed: expect.stringContaining("Commands") });
});

test("an address that cannot be listened on fails with its reason", async () => {
  const { exitCode, warned } = await run("up", "--host", "192.0.2.1");
  expect(exitCode).toBe(1);
  expect(warned).toContain("Cannot listen on 192.0.2.1");
  expect(warned).toContain("Choose an address of this machine");
});

test.each(["--sqs-port", "--service-bus-port", "--pubsub-port"])(
  "a %s that is taken fails with its reason",
  async (flag) => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { exitCode, warned } = await run("up", flag, port);
    expect(exitCode).toBe(1);
    expect(warned).toMatch(/EADDRINUSE.* Choose another port, or 0 for a free one\.$/);
  },
);

test("credentials in a URL are refused and not repeated", async () => {
  const { exitCode, warned } = await run("send", "q", "{}", "--url", "sqs://AKIAKEY:s3cret@eu-west-1");
  expect(exitCode).toBe(1);
  expect(warned).toMatch(/^INVALID_ARGUMENT: .*holds credentials/);
  expect(warned).not.toMatch(/s3cret|AKIAKEY/);
});

test("memory: is sent to with a warning, because it ends with the command", async () => {
  const { exitCode, warned } = await run("send", "q", "{}", "--url", "memory:");
  expect({ exitCode, warned }).toEqual({
    exitCode: 0,
    warned: "WARNING: memory: lives and ends with this one process; no other process sees its messages.",
  });
});
