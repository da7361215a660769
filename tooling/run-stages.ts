import { inSeconds, runStep, type Step } from "./steps.ts";

/** Steps one after another. */
export type Lane = readonly Step[];

/** Lanes side by side; the next stage begins when all have ended. */
export type Stage = readonly Lane[];

export interface StageRun {
  /** Writes to the log. @default standard output */
  readonly write?: (text: string) => void;
  /** Before the last stage, with a line for every step so far. */
  readonly onLastStage?: (times: readonly string[]) => void;
}

/**
 * Runs the stages up to the first failure; true if there was none.
 *
 * Steps of a stage of one lane write as they go. What steps side by side write is held back until they end, so that the
 * log has every step whole. After a failure no step begins, and those under way come to their end.
 */
export async function runStages(stages: readonly Stage[], run: StageRun = {}): Promise<boolean> {
  const log = new StageLog(run.write ?? ((text) => void process.stdout.write(text)));
  for (const [index, stage] of stages.entries()) {
    if (index === stages.length - 1) run.onLastStage?.(log.times);
    const isHeld = stage.length > 1;
    if (isHeld) log.announce(stage);
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(stage.map(async (lane) => await runLane(lane, isHeld, log)));
    if (log.hasFailed) return false;
  }
  return true;
}

/** The stages with nothing but the steps that `isWanted` takes, without those that are left empty. */
export function filterStages(stages: readonly Stage[], isWanted: (step: Step) => boolean): readonly Stage[] {
  return stages
    .map((stage) => stage.map((lane) => lane.filter(isWanted)).filter((lane) => lane.length > 0))
    .filter((stage) => stage.length > 0);
}

async function runLane(lane: Lane, isHeld: boolean, log: StageLog): Promise<void> {
  for (const step of lane) {
    if (log.hasFailed) return;
    if (!isHeld) log.head(step);
    // oxlint-disable-next-line no-await-in-loop
    const { isPassed, seconds, output } = await runStep(step, { output: isHeld ? "returned" : "shown" });
    if (isHeld) log.whole(step, output);
    log.ended(step, isPassed, seconds);
  }
}

class StageLog {
  readonly times: string[] = [];
  hasFailed = false;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  announce(stage: Stage): void {
    const lanes = stage.map((lane) => lane.map(({ name }) => name).join(", then "));
    this.#write(`\n=== side by side: ${lanes.join("; ")}\n`);
  }

  head({ name, command }: Step): void {
    this.#write(`\n=== ${name}: ${command.join(" ")}\n`);
  }

  whole(step: Step, output: string): void {
    this.head(step);
    this.#write(output);
  }

  ended({ name, fix }: Step, isPassed: boolean, seconds: number): void {
    this.times.push(`${name.padEnd(12)} ${inSeconds(seconds)}`);
    if (isPassed) return;
    this.hasFailed = true;
    this.#write(`step "${name}" failed after ${inSeconds(seconds)}; to mend it: ${fix}\n`);
  }
}
