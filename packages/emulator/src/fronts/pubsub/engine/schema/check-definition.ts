import { invalidArgument, PubsubError } from "../../pubsub-error.ts";
import { isAvroBinary } from "./avro-binary.ts";
import { isAvroJson } from "./avro-json.ts";
import { compileAvro, type AvroType } from "./avro-type.ts";

export type SchemaEncoding = "ENCODING_UNSPECIFIED" | "JSON" | "BINARY";

/** Returns true if message data is valid. */
export type DataCheck = (data: Uint8Array, encoding: SchemaEncoding) => boolean;

/** Throws if the definition is not valid, or of a type that the emulator cannot check. */
export function compileDefinition(type: string, definition: string): DataCheck {
  if (type === "PROTOCOL_BUFFER") {
    throw new PubsubError(
      "UNIMPLEMENTED",
      "The emulator checks messages against Avro schemas only, not against protocol buffers.",
    );
  }
  if (type !== "AVRO") throw invalidArgument("The schema's type must be AVRO or PROTOCOL_BUFFER.");
  let compiled: AvroType;
  try {
    compiled = compileAvro(definition);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalidArgument(`Invalid Avro schema definition: ${why}.`);
  }
  return (data, encoding) =>
    encoding === "BINARY" ? isAvroBinary(compiled, data) : isAvroJsonText(compiled, data);
}

function isAvroJsonText(type: AvroType, data: Uint8Array): boolean {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch {
    return false;
  }
  return isAvroJson(type, value);
}
