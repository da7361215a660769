import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { HistorySink } from "@anyqueue/conformance";
import type { ChildCommand, ChildNews, ChildSettings } from "./child-commands.ts";

/** The program of each role. */
const PROGRAMS = {
  producer: "producer-process.ts",
  consumer: "consumer-process.ts",
  both: "memory-process.ts",
} as const;

/** A process that runs longer than this after SIGTERM is killed and reported. Milliseconds. */
const END_MS = 15_000;

/** One producer or consumer process. */
export class Member {
  readonly name: string;
  /** Resolves when its consumer has reached the service once, or when the process has ended. */
  readonly started: Promise<void>;
  readonly #child: ChildProcess;
  readonly #watcher: HistorySink;
  readonly #exited: Promise<void>;
  readonly #errors: string[] = [];
  #isExpectedToEnd = false;
  /** A second SIGTERM would end the process at once. */
  #isTerminated = false;

  constructor(child: ChildProcess, name: string, watcher: HistorySink) {
    this.name = name;
    this.#child = child;
    this.#watcher = watcher;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#errors.push(text));
    this.#exited = once(child, "exit").then(([, signal]) => {
      const how = typeof signal === "string" ? { signal } : {};
      watcher.write("proc.exit", watcher.operation(), { of: name, ...how });
    });
    this.started = this.hear(({ kind }) => kind === "started");
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What is wrong with its end. Undefined if it ended as expected or still runs. */
  get complaint(): string | undefined {
    const { exitCode } = this.#child;
    const isGone = exitCode !== null && (exitCode !== 0 || !this.#isExpectedToEnd);
    return isGone ? `${this.name} exited with code ${exitCode}: ${this.stderr.slice(-600)}` : undefined;
  }

  get stderr(): string {
    return this.#errors.join("");
  }

  tell(command: ChildCommand): void {
    if (this.isRunning && this.#child.connected) this.#child.send(command);
  }

  /** Resolves at the next awaited news, or when the process has ended. */
  async hear(isAwaited: (news: ChildNews) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = (news: ChildNews): void => {
      if (isAwaited(news)) resolve();
    };
    this.#child.on("message", listener);
    await Promise.race([promise, this.#exited]);
    this.#child.off("message", listener);
  }

  signal(signal: NodeJS.Signals): void {
    const note = signal === "SIGSTOP" ? "proc.still" : signal === "SIGCONT" ? "proc.wake" : undefined;
    if (note !== undefined) this.#watcher.write(note, this.#watcher.operation(), { of: this.name });
    this.#isExpectedToEnd ||= signal === "SIGTERM" || signal === "SIGKILL";
    this.#isTerminated ||= signal === "SIGTERM";
    this.#child.kill(signal);
  }

  /** Sends SIGTERM, unless it had one, then SIGKILL after `END_MS`. Returns whether it ended by itself. */
  async end(): Promise<boolean> {
    if (!this.isRunning) return true;
    if (!this.#isTerminated) this.signal("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(timer);
    return this.#child.signalCode === null;
  }

  async exited(): Promise<void> {
    await this.#exited;
  }
}

/** All processes of one cell. The history records when each ends. */
export class Crew {
  readonly #settings: Omit<ChildSettings, "proc" | "address">;
  readonly #watcher: HistorySink;
  readonly #members: Member[] = [];

  constructor(settings: Omit<ChildSettings, "proc" | "address">, watcher: HistorySink) {
    this.#settings = settings;
    this.#watcher = watcher;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Starts a process. Resolves when it takes commands. `nodeOptions`: such as `--max-old-space-size=64`. */
  async start(
    role: keyof typeof PROGRAMS,
    address: string,
    nodeOptions: readonly string[] = [],
  ): Promise<Member> {
    const proc = `${role}-${this.#members.length + 1}`;
    const settings: ChildSettings = { ...this.#settings, address, proc };
    const program = fileURLToPath(new URL(PROGRAMS[role], import.meta.url));
    const child = fork(program, [JSON.stringify(settings)], {
      execArgv: ["--conditions=@anyqueue/source", ...nodeOptions],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const member = new Member(child, proc, this.#watcher);
    this.#members.push(member);
    await member.hear(({ kind }) => kind === "ready");
    return member;
  }

  /** Ends all processes. Names those that failed, and those that did not end by themselves in time. */
  async end(): Promise<CrewEnd> {
    const ended = await Promise.all(
      this.#members.map(async (member) => ({ member, isByItself: await member.end() })),
    );
    return {
      complaints: this.#members.flatMap(({ complaint }) => complaint ?? []),
      delays: ended
        .filter(({ isByItself }) => !isByItself)
        .map(({ member }) => `${member.name} did not end at SIGTERM`),
    };
  }
}

/** The problems of processes that have ended. */
export interface CrewEnd {
  readonly complaints: readonly string[];
  readonly delays: readonly string[];
}
