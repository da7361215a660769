import { LambdaEnvironment, type EnvironmentResult, type EnvironmentSettings } from "./lambda-environment.ts";

/** The outcome of one call. */
export interface PooledInvocation {
  readonly result: EnvironmentResult;
  readonly isColdStart: boolean;
  /** Duration of the call alone, without starting a process. */
  readonly durationMs: number;
}

/** Environments of one function. Starts another when none is free, up to the limit, and keeps them. */
export class EnvironmentPool {
  readonly #settings: EnvironmentSettings;
  readonly #max: number;
  readonly #idle: LambdaEnvironment[] = [];
  readonly #all = new Set<LambdaEnvironment>();
  #busy = 0;
  #waiting: (() => void)[] = [];

  constructor(settings: EnvironmentSettings, max: number) {
    this.#settings = settings;
    this.#max = max;
  }

  /** Starts the first one, so that a function that cannot start takes no message. @throws InvokeError */
  async warmUp(): Promise<void> {
    this.#idle.push(await this.#start());
  }

  /** Resolves when a call would run at once. */
  async untilRoom(): Promise<void> {
    while (this.#busy >= this.#max) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** @throws InvokeError if another environment does not start */
  async invoke(event: string, requestId: string): Promise<PooledInvocation> {
    this.#busy += 1;
    try {
      const idle = await this.#takeIdle();
      const environment = idle ?? (await this.#start());
      const startedAtMs = performance.now();
      const result = await environment.invoke(event, requestId);
      const durationMs = performance.now() - startedAtMs;
      if (environment.isUsable) this.#idle.push(environment);
      else await this.#discard(environment);
      return { result, isColdStart: idle === undefined, durationMs };
    } finally {
      this.#busy -= 1;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map(async (environment) => await environment.close()));
  }

  async #takeIdle(): Promise<LambdaEnvironment | undefined> {
    for (;;) {
      const environment = this.#idle.pop();
      if (environment === undefined || environment.isUsable) return environment;
      // oxlint-disable-next-line no-await-in-loop -- rare, and soon done
      await this.#discard(environment);
    }
  }

  /** Its process is gone, but its runtime API is not. */
  async #discard(environment: LambdaEnvironment): Promise<void> {
    this.#all.delete(environment);
    await environment.close();
  }

  async #start(): Promise<LambdaEnvironment> {
    const environment = await LambdaEnvironment.start(this.#settings);
    this.#all.add(environment);
    return environment;
  }
}
