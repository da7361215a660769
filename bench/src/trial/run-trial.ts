import { findScenario, isCold } from "../all-scenarios.ts";
import type { ColdScenario, Measures, Scenario, SteadyScenario, StubCounts } from "../scenario.ts";
import { Child, type ChildOptions } from "./children.ts";
import type { FromStub, FromWorker } from "./messages.ts";

export interface TrialOptions extends ChildOptions {
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/**
 * Runs one scenario in a fresh process against a fresh stub.
 *
 * @throws if the client reports more messages than the stub has seen: a fast but wrong client does not count
 */
export async function runTrial(name: string, options: TrialOptions): Promise<Measures> {
  const scenario = findScenario(name);
  const stub = await startStub(scenario);
  try {
    return isCold(scenario)
      ? await runCold(scenario, stub, options)
      : await runSteady(scenario, stub, options);
  } catch (error) {
    throw new Error(`scenario "${name}" failed`, { cause: error });
  } finally {
    stub?.stop();
  }
}

async function runCold(
  { cold }: ColdScenario,
  stub: RunningStub | undefined,
  options: ChildOptions,
): Promise<Measures> {
  const child = new Child(`cold/${cold}`, [stub?.port ?? 0], options);
  return await child.next<Measures>();
}

/** Big texts use this share of warm-up and window, because one counts as much as hundreds of small ones. */
const BIG_SHARE = 0.5;

async function runSteady(
  scenario: SteadyScenario,
  stub: RunningStub | undefined,
  options: TrialOptions,
): Promise<Measures> {
  const share = scenario.stub?.textBytes === undefined ? 1 : BIG_SHARE;
  const times = [options.warmUpMs * share, options.windowMs * share];
  const args = [scenario.name, stub?.port ?? 0, ...times];
  const worker = new Child("trial/worker", args, options);
  try {
    await worker.next<FromWorker>();
    const before = await stub?.ask();
    const measured = await worker.next<FromWorker>();
    const after = await stub?.ask();
    const stopped = await worker.next<FromWorker>();
    if (measured.at !== "window-end" || stopped.at !== "stopped") throw new Error("a message out of turn");
    // Node writes the profile when the process ends.
    await worker.ended();
    const { counts } = (await stub?.ask()) ?? { counts: undefined };
    check(scenario, stopped.done, counts);
    const { messages, seconds, cpuMicros, rssBytes } = measured.measurement;
    return {
      messagesPerSecond: messages / seconds,
      microsPerMessage: (seconds * 1_000_000) / Math.max(1, messages),
      cpuMicros: cpuMicros / Math.max(1, messages),
      requestsPerMessage: (counts?.requests ?? 0) / stopped.done,
      rssMb: rssBytes / 1_000_000,
      // The share of one core. Above 0.85 the stub was the limit, not the client.
      stubLoad: (microsOf(after) - microsOf(before)) / 1_000_000 / seconds,
    };
  } finally {
    worker.stop();
  }
}

interface RunningStub {
  readonly port: number;
  ask(): Promise<FromStub>;
  stop(): void;
}

async function startStub({ stub }: Scenario): Promise<RunningStub | undefined> {
  if (stub === undefined) return undefined;
  const child = new Child(`stubs/${stub.kind}`, [stub.roundTripMs ?? 0, stub.textBytes ?? 0]);
  const { port } = await child.next<{ readonly port: number }>();
  return {
    port,
    async ask() {
      child.send("counts");
      return await child.next<FromStub>();
    },
    stop: () => child.stop(),
  };
}

function check({ accounts }: SteadyScenario, done: number, counts: StubCounts | undefined): void {
  if (done === 0) throw new Error("nothing was done");
  if (accounts === undefined || counts === undefined) return;
  const seen = counts[accounts];
  if (seen < done)
    throw new Error(`the client says that ${done} messages are ${accounts}, the stub saw ${seen}`);
}

function microsOf(answer: FromStub | undefined): number {
  return answer === undefined ? 0 : answer.cpu.user + answer.cpu.system;
}
