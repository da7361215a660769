import { openAzureFunctionsHost } from "../invoke/azure-functions/azure-functions-host.ts";
import { openCloudRunHost } from "../invoke/cloud-run/cloud-run-host.ts";
import { findFunctionFile } from "../invoke/function-file.ts";
import type { Host, HostParts } from "../invoke/host.ts";
import { InvocationTally, reportAsJson, reportAsText } from "../invoke/invocation-report.ts";
import { INVOKE_HELP } from "../invoke/invoke-help.ts";
import { openLambdaHost } from "../invoke/lambda/lambda-host.ts";
import { findQueue } from "../invoke/queue-place.ts";
import { readInvokePlan, type InvokePlan } from "../invoke/read-invoke-plan.ts";
import type { Terminal } from "../terminal.ts";

/** `anyqueue invoke`: with --once it exits with code 0 if every message was handled, else with 1. */
export async function invoke(args: readonly string[], terminal: Terminal): Promise<number> {
  const plan = readInvokePlan(args);
  if (plan === undefined) {
    terminal.print(INVOKE_HELP);
    return 0;
  }
  const stop = new AbortController();
  void terminal.untilStopped().then(() => stop.abort());
  const tally = new InvocationTally();
  let written = Promise.resolve();
  let unwritten: Error | undefined;
  // Otherwise it would take messages for ever, and nobody would hear of it.
  const print = async (line: string): Promise<void> => {
    try {
      if (!(await terminal.write(line)) && !plan.isOnce) stop.abort();
    } catch (error) {
      unwritten = error instanceof Error ? error : new Error(String(error));
      stop.abort();
    }
  };
  const host = await openHost(plan, {
    file: findFunctionFile(plan.file),
    place: await findQueue(plan),
    isOnce: plan.isOnce,
    onReport: (report) => {
      tally.count(report);
      written = print(plan.isJson ? reportAsJson(report) : reportAsText(report));
    },
    onLine: (line) => terminal.warn(line),
    onWarning: (text) => terminal.warn(`note: ${text}`),
    onLost: (count) => {
      tally.lost += count;
    },
    onUnsettled: (count) => {
      tally.unsettled += count;
    },
  });
  try {
    terminal.warn(`${host.greeting} ${plan.isOnce ? "Ends when the queue is empty." : "Ctrl+C ends it."}`);
    await host.run(stop.signal);
  } finally {
    await host.close();
  }
  terminal.warn(String(tally));
  await written;
  if (unwritten !== undefined) throw unwritten;
  return tally.isClean || !plan.isOnce ? 0 : 1;
}

async function openHost({ platform }: InvokePlan, parts: HostParts): Promise<Host> {
  switch (platform.runtime) {
    case "lambda":
      return await openLambdaHost(platform, parts);
    case "azure-functions":
      return await openAzureFunctionsHost(platform, parts);
    case "cloud-run":
      return await openCloudRunHost(platform, parts);
  }
}
