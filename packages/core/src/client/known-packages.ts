import { suggest } from "../errors/suggest.ts";

/** A package of this project that contains a provider. */
export interface KnownPackage {
  readonly name: string;
  /** The function that makes the provider. */
  readonly factory: string;
  /** The arguments of `npm install`. */
  readonly install: string;
  /** Environment variables by option of the factory: secrets of SDKs without a credential chain. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The known packages, by scheme. Only these can be found by name; others are passed to `createClient`. */
export const KNOWN_PACKAGES: Readonly<Record<string, KnownPackage>> = /* @__PURE__ */ Object.freeze({
  memory: known("memory", "memory"),
  sqs: known("sqs", "sqs", "@aws-sdk/client-sqs"),
  "service-bus": known("service-bus", "serviceBus", "@azure/service-bus @azure/identity", {
    connectionString: "ANYQUEUE_SERVICE_BUS_CONNECTION_STRING",
  }),
  // npm did not serve the dependencies of 6.3.2 (2026-11-29).
  pubsub: known("pubsub", "pubsub", "@google-cloud/pubsub@6.3.0"),
});

/** Returns what to do about a scheme without a provider. */
export function schemeRemedy(scheme: string, given: readonly string[]): string {
  const found = Object.hasOwn(KNOWN_PACKAGES, scheme) ? KNOWN_PACKAGES[scheme] : undefined;
  if (found !== undefined) {
    return (
      `Run \`npm install ${found.install}\`, then pass its provider: ` +
      `import { ${found.factory} } from "${found.name}"; createClient(config, [${found.factory}()]).`
    );
  }
  const meant = suggest(scheme, [...given, ...Object.keys(KNOWN_PACKAGES)]);
  return meant === undefined
    ? 'Write "sqs://region", "service-bus://namespace" or "pubsub://project", or pass a provider with this scheme.'
    : `Did you mean "${meant}:"?`;
}

/* @__NO_SIDE_EFFECTS__ */
function known(
  folder: string,
  factory: string,
  peer = "",
  environment: KnownPackage["environment"] = {},
): KnownPackage {
  const name = `@anyqueue/${folder}`;
  return { name, factory, install: `${name} ${peer}`.trim(), environment };
}
