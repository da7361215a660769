import { ACCEPTED_STATE } from "./outcome.ts";
import { dispositionFrame } from "./write-performative.ts";
import type { AmqpValue } from "./amqp-value.ts";

/**
 * The settlements of one turn that are still to be sent. Consecutive accepted ones share a frame. Any other
 * outcome has its own frame, because two rejections may have different reasons.
 */
export class DispositionBuffer {
  readonly #isReceiver: boolean;
  #settled: { readonly id: number; readonly state: AmqpValue }[] = [];

  constructor(isReceiver: boolean) {
    this.#isReceiver = isReceiver;
  }

  get isEmpty(): boolean {
    return this.#settled.length === 0;
  }

  add(id: number, state: AmqpValue): void {
    this.#settled.push({ id, state });
  }

  /** Returns the frames of everything added since the last call. */
  take(): readonly AmqpValue[] {
    const frames: AmqpValue[] = [];
    const settled = this.#settled;
    this.#settled = [];
    for (let from = 0; from < settled.length;) {
      const to = endOfRun(settled, from);
      const [first, last] = [settled[from], settled[to]];
      if (first !== undefined && last !== undefined) {
        frames.push(dispositionFrame(this.#isReceiver, first.id, last.id, first.state));
      }
      from = to + 1;
    }
    return frames;
  }
}

/** Returns the index of the last settlement that can share a frame with the one at `from`. */
function endOfRun(
  settled: readonly { readonly id: number; readonly state: AmqpValue }[],
  from: number,
): number {
  let to = from;
  for (;;) {
    const [current, next] = [settled[to], settled[to + 1]];
    const isRun =
      current?.state === ACCEPTED_STATE && next?.state === ACCEPTED_STATE && next.id === current.id + 1;
    if (!isRun) return to;
    to += 1;
  }
}
