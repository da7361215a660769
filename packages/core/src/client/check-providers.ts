import { isRecord, kindOf } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Provider } from "./provider.ts";

/** @throws INVALID_ARGUMENT that says which item is not a provider, and what it should be */
export function checkProviders(providers: unknown): void {
  if (!Array.isArray(providers)) throw noProvider("createClient: expected a list of providers", providers);
  const schemes = new Set<string>();
  for (const [index, item] of providers.entries()) {
    const where = `createClient: providers[${index}]:`;
    if (!isProvider(item)) throw noProvider(`${where} expected a provider`, item);
    if (schemes.has(item.scheme))
      throw refusal(`${where} a second provider of "${item.scheme}:"`, "Give one for each scheme.");
    schemes.add(item.scheme);
  }
}

function isProvider(given: unknown): given is Pick<Provider, "scheme"> {
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
