import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InvokeError } from "../../invoke-error.ts";
import type { AppPackages, Grpc, ProtoLoader, Rhea, ServiceBusSdk } from "./app-packages-types.ts";

const EXTENSION = "@azure/functions-extensions-servicebus";
const IDENTITY = "@azure/identity";

/**
 * The packages that the settlement extension brings to an app: the vendor's SDK and the protocol of its
 * actions, so both sides have the same version. Undefined if the app has no such extension.
 */
export function appPackages(appFile: string): AppPackages | undefined {
  const entry = resolved(appFile, EXTENSION);
  if (entry === undefined) return undefined;
  // A package's own dependencies can only be resolved from its real location.
  const load = createRequire(entry);
  return {
    sdk: load("@azure/service-bus") as ServiceBusSdk,
    grpc: load("@grpc/grpc-js") as Grpc,
    protoLoader: load("@grpc/proto-loader") as ProtoLoader,
    rhea: load("rhea") as Rhea,
    settlementProto: join(dirname(entry), "proto", "settlement.proto"),
  };
}

/** The app's credential at Azure, used without a connection string. @throws MISSING_PACKAGE */
export function defaultCredential(appFile: string): object {
  const entry = resolved(appFile, IDENTITY);
  if (entry !== undefined) {
    const identity = createRequire(entry)(entry) as { readonly DefaultAzureCredential: new () => object };
    return new identity.DefaultAzureCredential();
  }
  throw new InvokeError(
    "MISSING_PACKAGE",
    `neither a connection string is set, nor is ${IDENTITY} installed where ${appFile} is`,
    "Set ANYQUEUE_SERVICE_BUS_CONNECTION_STRING, or install it.",
  );
}

function resolved(appFile: string, name: string): string | undefined {
  try {
    return createRequire(appFile).resolve(name);
  } catch {
    return undefined;
  }
}
