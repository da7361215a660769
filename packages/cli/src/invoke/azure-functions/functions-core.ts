import Module from "node:module";
import type { RegisteredFunction, TriggerBinding } from "./worker-messages.ts";

/** How a programming model runs one invocation; `@azure/functions` provides it. */
export interface InvocationModel {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
}

export type FunctionCallback = (...args: unknown[]) => unknown;

interface Metadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One function of an app. */
export interface AppFunction {
  readonly metadata: Metadata;
  readonly callback: FunctionCallback;
}

/** The module that `@azure/functions` requires; only a host provides it. */
const CORE_MODULE = "@azure/functions-core";

/** The functions that an app registers while it loads. */
export class FunctionsCore {
  readonly functions = new Map<string, AppFunction>();
  #model: ProgrammingModel | undefined;

  /** Makes `require("@azure/functions-core")` work from now on, as the vendor's worker does. */
  install(): void {
    const core = this.#api();
    const original = Module.prototype.require;
    const answer = function answer(this: NodeJS.Module, id: string): unknown {
      return id === CORE_MODULE ? core : Reflect.apply(original, this, [id]);
    };
    Module.prototype.require = answer as typeof original;
  }

  registered(): readonly RegisteredFunction[] {
    return [...this.functions.values()].map(({ metadata }) => ({
      name: metadata.name,
      trigger: triggerOf(metadata),
    }));
  }

  model(): ProgrammingModel {
    if (this.#model !== undefined) return this.#model;
    throw new Error("The app set no programming model.");
  }

  #api(): object {
    return {
      version: "4.0.0",
      hostVersion: "4.0.0",
      Disposable: class {
        dispose(): void {}
      },
      registerFunction: (metadata: Metadata, callback: FunctionCallback) => {
        if (this.functions.has(metadata.name))
          throw new Error(`A function with name "${metadata.name}" has already been registered.`);
        this.functions.set(metadata.name, { metadata, callback });
        return { dispose: () => this.functions.delete(metadata.name) };
      },
      registerHook: (name: string) => {
        console.error(`note: the hook ${name} is registered, and is not called here.`);
        return { dispose: () => undefined };
      },
      setProgrammingModel: (model: ProgrammingModel) => {
        this.#model = model;
      },
      getProgrammingModel: () => this.#model,
      log: (_level: string, _category: string, message: string) => console.error(message),
    };
  }
}

function triggerOf({ bindings }: Metadata): TriggerBinding | undefined {
  for (const [name, binding] of Object.entries(bindings)) {
    const { type } = binding;
    if (typeof type === "string" && /trigger$/i.test(type)) return { name, type, properties: plain(binding) };
  }
  return undefined;
}

/** The part that can be sent to another process. */
function plain(binding: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(binding).filter(([, value]) => typeof value !== "function"));
}
