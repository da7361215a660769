import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { PubsubError, type ErrorReason } from "../pubsub-error.ts";
import { encodeMessage } from "./load-services.ts";

const DOMAIN = "pubsub.googleapis.com";
const DETAILS_KEY = "grpc-status-details-bin";
const ERROR_INFO = "google.rpc.ErrorInfo";

/** Converts an error into what grpc-js sends as the end of a call. */
export function toServiceError(error: PubsubError): ServiceError {
  const code = status[error.code];
  const metadata = new Metadata();
  if (error.reason !== undefined) metadata.set(DETAILS_KEY, encodeDetails(code, error.message, error.reason));
  return Object.assign(new Error(error.message), { code, details: error.message, metadata });
}

/** Any other error is a bug of the emulator. The answer says so. */
export function toPubsubError(error: unknown): PubsubError {
  if (error instanceof PubsubError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new PubsubError("INTERNAL", `The emulator failed: ${text}`);
}

function encodeDetails(code: number, message: string, { reason, metadata }: ErrorReason): Buffer {
  const value = encodeMessage(ERROR_INFO, { reason, domain: DOMAIN, metadata });
  // The descriptor's fields are in camel case, including those of Any, except for its `type_url`.
  return encodeMessage("google.rpc.Status", {
    code,
    message,
    details: [{ type_url: `type.googleapis.com/${ERROR_INFO}`, value }],
  });
}
