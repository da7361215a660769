import { isRecord, kindOf } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";

/** @throws INVALID_ARGUMENT that says which item is not a provider, and what it should be */
export function checkProviders(providers: unknown): void {
  if (!Array.isArray(providers)) throw noProvider("createClient: expected a list of providers", providers);
  for (const [index, item] of providers.entries())
    if (!isProvider(item)) throw noProvider(`createClient: providers[${index}]: expected a provider`, item);
}

function isProvider(given: unknown): boolean {
  return isRecord(given) && typeof given["scheme"] === "string" && typeof given["connect"] === "function";
}

function noProvider(what: string, given: unknown): QueueError {
  if (typeof given === "function") {
    const name = given.name || "memory";
    return refusal(`${what}, got the function ${name}`, `Call it: [${name}()].`);
  }
  if (isProvider(given)) return refusal(`${what}, got one alone`, "Put it into brackets: [memory()].");
  return refusal(
    `${what}, got ${kindOf(given)}`,
    "Give what the function of a provider returns: [memory()].",
  );
}

function refusal(what: string, remedy: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", { what, remedy });
}
