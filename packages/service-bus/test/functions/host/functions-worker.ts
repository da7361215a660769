// The Node worker of the Functions host, as far as @azure/functions sees it: the exports of
// "@azure/functions-core" inside a function app.
// https://github.com/Azure/azure-functions-nodejs-worker, types-core (2026-11-29)

import Module, { createRequire } from "node:module";
import type { app } from "@azure/functions";

/** The two versions of @azure/functions that are tested; the extension's preview knows the older one. */
export type LibraryVersion = "@azure/functions" | "@azure/functions-4-15";

/** A value on its way between host and worker. */
export type RpcData = Readonly<Record<string, unknown>>;

export interface RpcBinding extends Readonly<Record<string, unknown>> {
  readonly type: string;
}

export interface RegisteredFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, RpcBinding>>;
  readonly callback: (...args: unknown[]) => unknown;
  readonly model: ProgrammingModel;
}

interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
}

interface InvocationModel {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
  invokeFunction(
    context: unknown,
    inputs: unknown[],
    handler: (...args: unknown[]) => unknown,
  ): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

const CORE = "@azure/functions-core";

/** The worker's state for one copy of the library. */
class WorkerCore {
  readonly version = "3.10.0";
  readonly hostVersion = "4.1037.0";
  readonly functions = new Map<string, RegisteredFunction>();
  #model: ProgrammingModel | undefined;

  readonly log = (): void => {};

  readonly setProgrammingModel = (model: ProgrammingModel): void => {
    this.#model = model;
  };

  readonly registerFunction = (
    { name, bindings }: Pick<RegisteredFunction, "name" | "bindings">,
    callback: RegisteredFunction["callback"],
  ): void => {
    if (this.#model === undefined) throw new Error("no programming model");
    this.functions.set(name, { name, bindings, callback, model: this.#model });
  };
}

const cores = new Map<string, WorkerCore>();
const require = createRequire(import.meta.url);

/** Like the worker, gives its API to every package of the app that requires it. */
function answerRequire(): void {
  const { prototype } = Module;
  const before = Reflect.get(prototype, "require") as (
    this: { readonly filename: string },
    id: string,
  ) => unknown;
  Reflect.set(
    prototype,
    "require",
    function answered(this: { readonly filename: string }, id: string): unknown {
      return id === CORE ? coreOf(this.filename) : before.call(this, id);
    },
  );
}

answerRequire();

function coreOf(filename: string): WorkerCore {
  let core = cores.get(filename);
  if (core === undefined) {
    core = new WorkerCore();
    cores.set(filename, core);
  }
  return core;
}

/** `app` of the real library, inside a worker. */
export function functionApp(version: LibraryVersion): typeof app {
  return (require(version) as { readonly app: typeof app }).app;
}

/** Returns what the app registered by that name. */
export function registered(version: LibraryVersion, name: string): RegisteredFunction {
  const found = cores.get(require.resolve(version))?.functions.get(name);
  if (found === undefined) throw new Error(`no function ${name} is registered`);
  return found;
}

/** The extension registers itself when it is required, as in an app. */
export function requireExtension(): void {
  const extension: unknown = require("@azure/functions-extensions-servicebus");
  if (extension === undefined) throw new Error("the extension is not installed");
}

/** Calls the function as the worker does for one call of the host. @returns what it threw, if it did */
export async function invoke(
  { name, bindings, callback, model }: RegisteredFunction,
  request: {
    readonly inputData: readonly RpcData[];
    readonly triggerMetadata: Readonly<Record<string, RpcData>>;
  },
  log: (text: string) => void = () => {},
): Promise<{ readonly error?: unknown }> {
  const invocation = model.getInvocationModel({
    invocationId: crypto.randomUUID(),
    metadata: { name, bindings },
    request,
    log: (_level: string, _category: string, text: string) => log(text),
    state: undefined,
  });
  try {
    const { context, inputs } = await invocation.getArguments();
    const result = await invocation.invokeFunction(context, inputs, callback);
    await invocation.getResponse(context, result);
    return {};
  } catch (error) {
    return { error };
  }
}
