import type { ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import descriptor from "./pubsub-descriptor.json" with { type: "json" };

/** Names of the services that the front serves. */
export const SERVICES = {
  publisher: "google.pubsub.v1.Publisher",
  subscriber: "google.pubsub.v1.Subscriber",
  schemas: "google.pubsub.v1.SchemaService",
  iam: "google.iam.v1.IAMPolicy",
} as const;

// A test compares the file with the descriptor that ships with the client.
type Descriptor = Parameters<typeof fromJSON>[0];

const definitions = fromJSON(descriptor as unknown as Descriptor, {
  longs: Number,
  enums: String,
  defaults: true,
});

export function loadService(name: string): ServiceDefinition {
  const service = definitions[name];
  if (service === undefined || "format" in service) throw new Error(`The descriptor has no service ${name}.`);
  return service;
}

/** Encodes a message type of the descriptor, such as google.rpc.Status. */
export function encodeMessage(type: string, value: object): Buffer {
  const message = definitions[type];
  if (message === undefined || !("serialize" in message) || typeof message.serialize !== "function") {
    throw new Error(`The descriptor has no message ${type}.`);
  }
  return message.serialize(value);
}
