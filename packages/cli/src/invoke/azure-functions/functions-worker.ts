// The program that runs an app: loads its file, reports what it registered, calls what the host asks for.

import { endWithParent } from "../end-with-parent.ts";
import { loadFunction } from "../load-function.ts";
import { FunctionsCore, type AppFunction } from "./functions-core.ts";
import type { InvokeMessage, WorkerMessage } from "./worker-messages.ts";

const core = new FunctionsCore();

endWithParent();
await main();

async function main(): Promise<void> {
  core.install();
  try {
    await loadFunction(process.argv[2] ?? "");
  } catch (error) {
    tell({ kind: "not-loaded", error: textOf(error) });
    return;
  }
  process.on("message", (message) => void answer(message as InvokeMessage));
  tell({ kind: "loaded", functions: core.registered() });
}

async function answer(message: InvokeMessage): Promise<void> {
  const { invocationId, functionName } = message;
  const known = core.functions.get(functionName);
  try {
    if (known === undefined) throw new Error(`There is no function ${functionName}.`);
    await run(known, message);
    tell({ kind: "done", invocationId, error: undefined });
  } catch (error) {
    tell({ kind: "done", invocationId, error: textOf(error) });
  }
}

async function run(
  { metadata, callback }: AppFunction,
  { invocationId, inputData, triggerMetadata }: InvokeMessage,
): Promise<void> {
  const model = core.model().getInvocationModel({
    invocationId,
    metadata,
    request: { invocationId, inputData, triggerMetadata },
    state: "invocation",
    log: (_level: string, _category: string, message: string) => console.log(message),
  });
  const { context, inputs } = await model.getArguments();
  const result = await model.invokeFunction(context, inputs, callback);
  await model.getResponse(context, result);
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}

/** One line; the log gets all of it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  console.error(error.stack);
  return `${error.name}: ${error.message}`.split("\n")[0] ?? "";
}
