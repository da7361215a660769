import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { machineHistoryTime, type HistoryEvent } from "@anyqueue/conformance";

/** Follows the histories of a run while they are written, and counts their events. */
export class HistoryTail {
  readonly #folder: string;
  readonly #readBytes = new Map<string, number>();
  readonly #midOfSend = new Map<string, string>();
  readonly #midOfToken = new Map<string, string>();
  readonly #confirmed = new Set<string>();
  readonly #done = new Set<string>();
  /** Messages that may be settled, and since when, nanoseconds. An unsettled message comes again. */
  readonly #perhapsDone = new Map<string, number>();
  /** Those of them for which an answer was lost. A later answer cannot undo that. */
  readonly #unsure = new Set<string>();
  readonly #graceMs: number;
  readonly #counts = new Map<string, number>();
  /** When each message was last sent. Those older than `#deletedAt` went with the queue and count as done. */
  readonly #sentAt = new Map<string, number>();
  #deletedAt = Number.NEGATIVE_INFINITY;

  /** @param graceMs a settlement of unknown outcome counts after this time without a redelivery */
  constructor(folder: string, graceMs: number) {
    this.#folder = folder;
    this.#graceMs = graceMs;
  }

  /** Reads the new events. */
  read(): this {
    if (!existsSync(this.#folder)) return this;
    for (const name of readdirSync(this.#folder)) {
      for (const event of this.#newEvents(name)) this.#count(event);
    }
    return this;
  }

  /** The number of events of a type, such as `handle.start`, and a kind, such as `settle.ok dead`. */
  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** The number of messages whose send was confirmed. */
  get confirmed(): number {
    return this.#confirmed.size;
  }

  /** The number of confirmed messages that are not acked, dead-lettered or deleted with their queue. */
  get open(): number {
    let open = 0;
    for (const mid of this.#confirmed) if (!this.#isDone(mid)) open += 1;
    return open;
  }

  #isDone(mid: string): boolean {
    const since = this.#perhapsDone.get(mid) ?? Number.POSITIVE_INFINITY;
    if ((this.#sentAt.get(mid) ?? 0) < this.#deletedAt) return true;
    return this.#done.has(mid) || machineHistoryTime.monotonic() - since > this.#graceMs * 1_000_000;
  }

  #count(event: HistoryEvent): void {
    const what = "kind" in event ? `${event.type} ${event.kind}` : event.type;
    this.#counts.set(what, this.count(what) + 1);
    if (event.type === "send.invoke") {
      this.#midOfSend.set(event.op, event.mid);
      this.#sentAt.set(event.mid, event.t);
    } else if (event.type === "queue.deleted") this.#deletedAt = event.t;
    else if (event.type === "send.ok") this.#confirmed.add(this.#midOfSend.get(event.op) ?? "");
    else if (event.type === "deliver") {
      this.#midOfToken.set(event.tok, event.mid);
      this.#perhapsDone.delete(event.mid);
      this.#unsure.delete(event.mid);
    } else if (PERHAPS_DONE.has(event.type) && "kind" in event && event.kind !== "release") {
      const mid = this.#midOfToken.get(event.tok) ?? "";
      if (event.type === "settle.info") this.#unsure.add(mid);
      if (event.type === "settle.ok") this.#done.add(mid);
      else this.#perhapsDone.set(mid, event.t);
    } else if (event.type === "settle.fail" || event.type === "settle.lost") {
      const mid = this.#midOfToken.get(event.tok) ?? "";
      if (!this.#unsure.has(mid)) this.#perhapsDone.delete(mid);
    }
  }

  #newEvents(name: string): readonly HistoryEvent[] {
    const from = this.#readBytes.get(name) ?? 0;
    const added = bytesFrom(join(this.#folder, name), from);
    // An incomplete last line is read next time.
    const end = added.lastIndexOf("\n") + 1;
    this.#readBytes.set(name, from + end);
    const lines = added.toString("utf8", 0, end).split("\n").filter(Boolean);
    return lines.map((line): HistoryEvent => JSON.parse(line));
  }
}

/** Includes `settle.invoke`, because the process may die before it gets the answer. */
const PERHAPS_DONE: ReadonlySet<string> = new Set(["settle.invoke", "settle.info", "settle.ok"]);

function bytesFrom(path: string, from: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}
