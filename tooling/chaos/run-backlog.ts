import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  BACKLOG_SIZE,
  OLD_SPACE_MB,
  SLOW_MS,
  type BacklogSettings,
  type BrokerQuestion,
  type ConsumerReport,
  type FatesAnswer,
  type FilledNews,
  type OutAnswer,
} from "./backlog-plan.ts";
import { backlogRow, type BacklogFacts } from "./backlog-row.ts";
import { cellName, type Cell } from "./cell.ts";
import type { Row } from "./row.ts";
import type { CellResult } from "./run-cell.ts";

/** Heap of the service, which holds a million messages. MiB. */
const BROKER_HEAP_MB = 6_000;
const CONSUMER_OPTIONS = [`--max-old-space-size=${OLD_SPACE_MB}`, "--expose-gc"];

/** Fills a service, runs a consumer with little memory on it for a while, and compares both. */
export async function runBacklog(cell: Cell, below: string, seed: number): Promise<CellResult> {
  const folder = join(below, `${cellName(cell).replaceAll("/", "-")}-${seed}`);
  mkdirSync(folder, { recursive: true });
  const settings: BacklogSettings = { stage: cell.provider, size: BACKLOG_SIZE };
  const broker = start("backlog-broker-process.ts", settings, [`--max-old-space-size=${BROKER_HEAP_MB}`]);
  try {
    const facts = await observe(cell, seed, broker, settings);
    const seen = { ...facts, cell: cellName(cell), report: { ...facts.report, marks: undefined } };
    writeFileSync(join(folder, "backlog.json"), `${JSON.stringify(seen, null, 2)}\n`);
    return { row: backlogRow(facts), folder };
  } catch (error) {
    return { row: failedRow(cell, seed, String(error)), folder };
  } finally {
    broker.kill("SIGKILL");
  }
}

async function observe(
  cell: Cell,
  seed: number,
  broker: ChildProcess,
  settings: BacklogSettings,
): Promise<BacklogFacts & Pick<FilledNews, "fillMs">> {
  const { address, confirmed, fillMs } = await hear<FilledNews>(broker, "filled");
  const consumer = start("backlog-consumer-process.ts", { ...settings, address }, CONSUMER_OPTIONS);
  try {
    await hear(consumer, "ready");
    const reported = hear<ConsumerReport>(consumer, "report");
    const [report, out] = await Promise.all([reported, outOf(broker)]);
    const { fates } = await ask<FatesAnswer>(broker, { kind: "fates", marks: report.marks });
    return { cell, seed, size: settings.size, confirmed, fillMs, out, report, fates };
  } finally {
    consumer.kill("SIGKILL");
  }
}

/** How many messages the service has handed out in the middle of the slow time. */
async function outOf(broker: ChildProcess): Promise<number> {
  await sleep(SLOW_MS / 2);
  return (await ask<OutAnswer>(broker, { kind: "out" })).out;
}

async function ask<Answer extends OutAnswer | FatesAnswer>(
  broker: ChildProcess,
  question: BrokerQuestion & { readonly kind: Answer["kind"] },
): Promise<Answer> {
  if (!broker.connected) throw new Error("the service is gone");
  const answer = hear<Answer>(broker, question.kind);
  // A failed send means that the process has ended, and `hear` rejects then.
  broker.send(question, () => undefined);
  return await answer;
}

function start(program: string, settings: BacklogSettings, options: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(program, import.meta.url)), [JSON.stringify(settings)], {
    execArgv: ["--conditions=@anyqueue/source", ...options],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "advanced",
  });
}

/** Resolves with the next news of a kind. Rejects if the process ends first. */
async function hear<News extends { readonly kind: string }>(
  child: ChildProcess,
  kind: News["kind"],
): Promise<News> {
  const { promise, resolve, reject } = Promise.withResolvers<News>();
  const onMessage = (news: News): void => {
    if (news.kind === kind) resolve(news);
  };
  const onExit = (code: number | null, signal: string | null): void => {
    reject(new Error(`a process ended with ${code ?? signal} before it said "${kind}"`));
  };
  child.on("message", onMessage).once("exit", onExit);
  try {
    return await promise;
  } finally {
    child.off("message", onMessage).off("exit", onExit);
  }
}

function failedRow({ provider, fault, phase }: Cell, seed: number, problem: string): Row {
  return {
    provider,
    fault: fault.name,
    phase,
    seed,
    confirmed: 0,
    lost: 0,
    justifiedDuplicates: 0,
    unjustifiedDuplicates: 0,
    orderViolations: 0,
    recoveryMs: null,
    verdict: "fail",
    problems: [problem],
  };
}
