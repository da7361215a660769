import { inSeconds, runStep, type Step, type StepResult } from "./steps.ts";

/** Steps that run one after another. */
export type Lane = readonly Step[];

/** Lanes that run side by side. The next stage begins when all have ended. */
export type Stage = readonly Lane[];

export interface StageRun {
  /** Writes to the log. @default standard output */
  readonly write?: (text: string) => void;
  /** Called before the last stage, with a line for every step so far. */
  readonly onLastStage?: (times: readonly string[]) => void;
}

/** A log that is cut keeps its end. This many lines of a failed step are enough to see why it failed. */
const REPEATED_LINES = 120;

/**
 * Runs the stages up to the first failure. Returns true if there was none.
 *
 * In a stage of one lane, steps write to the log as they go. The output of steps that run side by side is
 * held back until each ends, so that it stays together. After a failure no new step begins, and the running
 * ones finish. Then the last lines of each failed step are repeated, so that the log ends with them.
 */
export async function runStages(stages: readonly Stage[], run: StageRun = {}): Promise<boolean> {
  const log = new StageLog(run.write ?? ((text) => void process.stdout.write(text)));
  for (const [index, stage] of stages.entries()) {
    if (index === stages.length - 1) run.onLastStage?.(log.times);
    const isHeld = stage.length > 1;
    if (isHeld) log.announce(stage);
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(stage.map(async (lane) => await runLane(lane, isHeld, log)));
    if (!log.hasFailed) continue;
    if (isHeld) log.repeatFailures();
    return false;
  }
  return true;
}

/** The stages with only the steps that `isWanted` accepts, without lanes and stages that become empty. */
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
    log.ended(step, { isPassed, seconds, output });
  }
}

class StageLog {
  readonly times: string[] = [];
  readonly #failures: { readonly step: Step; readonly result: StepResult }[] = [];
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  get hasFailed(): boolean {
    return this.#failures.length > 0;
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

  ended(step: Step, result: StepResult): void {
    this.times.push(`${step.name.padEnd(12)} ${inSeconds(result.seconds)}`);
    if (result.isPassed) return;
    this.#failures.push({ step, result });
    this.#remedy(step, result);
  }

  repeatFailures(): void {
    for (const { step, result } of this.#failures) {
      const lines = result.output.trimEnd().split("\n").slice(-REPEATED_LINES);
      this.#write(`\n=== once more, the end of what "${step.name}" wrote\n${lines.join("\n")}\n`);
      this.#remedy(step, result);
    }
  }

  #remedy({ name, fix }: Step, { seconds }: StepResult): void {
    this.#write(`step "${name}" failed after ${inSeconds(seconds)}; to mend it: ${fix}\n`);
  }
}
