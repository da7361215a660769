import { systemClock, type Delivery } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { ServiceBusClient, ServiceBusReceivedMessage } from "@azure/service-bus";
import fc from "fast-check";
import rhea from "rhea";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AmqpReader, NOT_PLAIN } from "../src/amqp-reader.ts";
import { LeanMessage, type RawContext } from "../src/lean-message.ts";
import { PlainMessage } from "../src/plain-message.ts";
import { decodeMessage, type ReadableMessage } from "../src/service-bus-wire.ts";
import { present, rawClient } from "./open-adapter.ts";

type SdkMessage = new (
  message: unknown,
  delivery: unknown,
  reordersLockToken: boolean,
  receiveMode: string,
  skipsParsingBodyAsJson: boolean,
  skipsConvertingDate: boolean,
) => ServiceBusReceivedMessage;

const FORM = { isOrdered: false, isDeduplicated: true, isDeadLetter: false, clock: systemClock };
const { types, message: amqp } = rhea;

let emulator: Emulator;
let client: ServiceBusClient;
let Sdk: SdkMessage;

beforeAll(async () => {
  const UserConfig = { Namespaces: [{ Queues: [{ Name: "orders" }] }] };
  emulator = await startEmulator({ serviceBusPort: 0, serviceBusConfig: { UserConfig } });
  client = rawClient(emulator.endpoints.serviceBus ?? "");
  await client.createSender("orders").sendMessages({ body: "x" });
  const [message] = await client.createReceiver("orders").receiveMessages(1);
  Sdk = present(message).constructor as SdkMessage;
});

afterAll(async () => {
  await client.close();
  await emulator.close();
});

const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each));

/** One value of each of AMQP's types. */
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(types.wrap(null)),
  fc.boolean().map((value) => types.wrap_boolean(value)),
  fc.integer({ min: 0, max: 255 }).map((value) => types.wrap_ubyte(value)),
  fc.integer({ min: 0, max: 65_535 }).map((value) => types.wrap_ushort(value)),
  fc.nat(4_294_967_295).map((value) => types.wrap_uint(value)),
  bytes(8).map((value) => types.wrap_ulong(value)),
  fc.integer({ min: -128, max: 127 }).map((value) => types.wrap_byte(value)),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => types.wrap_short(value)),
  fc.integer().map((value) => types.wrap_int(value)),
  bytes(8).map((value) => types.wrap_long(value)),
  fc.double().map((value) => types.wrap_double(value)),
  fc.float().map((value) => types.wrap_float(value)),
  bytes(8).map((value) => types.wrap_timestamp(value as never)),
  fc.date({ noInvalidDate: true }).map((value) => types.wrap_timestamp(value.getTime())),
  bytes(16).map((value) => types.wrap_uuid(value as never)),
  fc.nat(0x10_ff_ff).map((value) => types.wrap_char(value)),
  fc.uint8Array({ maxLength: 300 }).map((value) => types.wrap_binary(Buffer.from(value))),
  fc.string({ unit: "grapheme", maxLength: 300 }).map((value) => types.wrap_string(value)),
  fc.stringMatching(/^[a-z:.]{0,40}$/).map((value) => types.wrap_symbol(value)),
  fc.stringMatching(/^[a-z:.]{1,20}$/).map((value) => types.wrap_described(value, "com.microsoft:uri")),
);

const { tree } = fc.letrec<{ tree: unknown; list: unknown[]; map: Record<string, unknown> }>((tie) => ({
  tree: fc.oneof({ depthSize: "small" }, scalar, tie("list"), tie("map")),
  list: fc.array(tie("tree"), { maxLength: 4 }),
  map: fc.dictionary(fc.string({ maxLength: 10 }), tie("tree"), { maxKeys: 4 }),
}));

const body = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 300 }).map((each) => amqp.data_section(Buffer.from(each))),
  fc
    .array(fc.uint8Array({ maxLength: 40 }), { minLength: 2, maxLength: 4 })
    .map((parts) => amqp.data_sections(parts.map((part) => Buffer.from(part)))),
  fc.array(tree, { maxLength: 4 }).map((each) => amqp.sequence_section(each as never)),
  fc
    .array(fc.array(scalar, { maxLength: 3 }), { minLength: 2, maxLength: 3 })
    .map((each) => amqp.sequence_sections(each as never)),
  tree,
  fc.record({ typecode: fc.constantFrom(5, 0x75, "x"), content: fc.string() }),
);

const text = fc.string({ unit: "grapheme", maxLength: 130 });
const id = fc.oneof(
  text,
  fc.nat(),
  bytes(16),
  bytes(8).map((value) => types.wrap_ulong(value)),
);
const names = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom("DeadLetterReason", "DeadLetterErrorDescription", "aq-id", "aq-own", "aq-x", "toString"),
);
const moment = fc.oneof(
  fc.integer({ min: 0, max: 253_402_300_799_999 }).map((value) => types.wrap_timestamp(value)),
  bytes(8).map((value) => types.wrap_timestamp(value as never)),
);

const annotations = fc.record(
  {
    "x-opt-sequence-number": fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
      const number = Buffer.alloc(8);
      number.writeBigInt64BE(value);
      return types.wrap_long(number);
    }),
    "x-opt-enqueued-time": moment,
    "x-opt-locked-until": moment,
    "x-opt-deadletter-source": text,
    "x-opt-partition-key": text,
    "x-opt-message-state": fc.nat(3).map((value) => types.wrap_int(value)),
    "x-opt-scheduled-enqueue-time": moment,
    "x-opt-enqueue-sequence-number": fc.nat(),
    other: tree,
  },
  { requiredKeys: [] },
);

const message = fc.record(
  {
    body,
    durable: fc.boolean(),
    priority: fc.nat(255),
    ttl: fc.nat(4_294_967_295),
    first_acquirer: fc.boolean(),
    delivery_count: fc.nat(4_294_967_295),
    message_id: id,
    correlation_id: id,
    user_id: bytes(4),
    to: text,
    subject: text,
    reply_to: text,
    content_type: fc.stringMatching(/^[a-z/+;= -]{0,40}$/),
    group_id: text,
    group_sequence: fc.nat(),
    reply_to_group_id: text,
    absolute_expiry_time: fc.oneof(fc.nat(), bytes(8)),
    creation_time: fc.oneof(fc.nat(), bytes(8)),
    delivery_annotations: fc.dictionary(fc.stringMatching(/^[a-z-]{1,9}$/), tree, { maxKeys: 2 }),
    message_annotations: annotations,
    application_properties: fc.dictionary(names, tree, { maxKeys: 4 }),
  },
  { requiredKeys: ["body"] },
);

/** The service's tags have 16 bytes; those of others may be anything. */
const tag = fc.oneof(
  bytes(16),
  fc.uint8Array({ maxLength: 32 }).map((each) => Buffer.from(each)),
);

const make = (context: RawContext): ServiceBusReceivedMessage =>
  new Sdk(context.message, context.delivery, true, "peekLock", true, true);

function read(one: ReadableMessage): Omit<Delivery<unknown>, "handle" | "native"> {
  const { handle: _, native: __, ...delivery } = decodeMessage(one, undefined, FORM);
  return delivery;
}

/** Reads a message without rhea; undefined if it is left to rhea. */
function plainOf(encoded: Buffer, end = encoded.length): PlainMessage | undefined {
  const reader = new AmqpReader();
  reader.begin(encoded, 0, end);
  try {
    return PlainMessage.read(reader, end);
  } catch (error) {
    if (error !== NOT_PLAIN) throw error;
    return undefined;
  }
}

function own(one: ServiceBusReceivedMessage): object {
  return { ...one, delivery: undefined };
}

test("a message is read in place as the SDK's own object of it is read, whatever is in it", () => {
  fc.assert(
    fc.property(message, tag, (sent, itsTag) => {
      const encoded = amqp.encode(sent);
      const contextOf = (): RawContext => ({
        message: amqp.decode(encoded) as never,
        delivery: {
          id: 0,
          tag: itsTag,
          link: { name: "l" },
          remote_settled: false,
          accept: () => {},
        } as never,
      });
      const context = contextOf();
      const lean = new LeanMessage(context, make);
      const inPlace = read(lean);
      expect(inPlace).toEqual(read(make(contextOf())));
      // The SDK's object changes the message that it is made of.
      expect(lean.full.lockToken).toEqual(make(contextOf()).lockToken);
      expect(read(lean)).toEqual(inPlace);
      expect(lean.lockedUntilUtc).toEqual(lean.full.lockedUntilUtc);
    }),
    { numRuns: 1_000 },
  );
});

/** Values that most applications send. */
const usualScalar = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.integer(),
  fc.double().map((value) => types.wrap_double(value)),
  fc.boolean(),
);
const usual = message.map((sent) => ({
  ...sent,
  body: amqp.data_section(Buffer.from("x".repeat(sent.priority ?? 0))),
  delivery_annotations: undefined,
  absolute_expiry_time: sent.ttl,
  creation_time: sent.ttl,
}));

test("a message that is read without rhea is as rhea reads it, and the SDK's own object of it the same", () => {
  let plainCount = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        message,
        usual,
        fc.tuple(usual, fc.dictionary(names, usualScalar, { maxKeys: 4 })).map(([sent, properties]) => ({
          ...sent,
          message_annotations: undefined,
          application_properties: properties,
        })),
      ),
      tag,
      (sent, itsTag) => {
        const encoded = amqp.encode(sent);
        const plain = plainOf(encoded);
        if (plain === undefined) return;
        plainCount += 1;
        expect(plain.isLike({ ...amqp.decode(encoded) })).toBe(true);
        const delivery = { id: 0, tag: itsTag, link: { name: "l" }, remote_settled: false } as never;
        const contextOf = (of: unknown): RawContext => ({ message: of as never, delivery });
        const lean = new LeanMessage(contextOf(plain), make);
        const asRhea = make(contextOf(amqp.decode(encoded)));
        expect(read(lean)).toEqual(read(asRhea));
        expect(own(lean.full)).toEqual(own(asRhea));
      },
    ),
    { numRuns: 2_000 },
  );
  expect(plainCount).toBeGreaterThan(400);
});

test("a message that is cut anywhere is left to rhea, whatever lies behind it", () => {
  const encoded = amqp.encode({
    body: amqp.data_section(Buffer.from("0123456789")),
    message_id: "m",
    message_annotations: { "x-opt-sequence-number": types.wrap_long(2 ** 40) },
  });
  const lengths = Array.from({ length: encoded.length - 1 }, (_, index) => index + 1);
  // A message cut between two sections is another whole message.
  const whole = lengths.filter((length) => plainOf(encoded, length) !== undefined);
  expect(whole.length).toBeLessThan(4);
  for (const length of whole)
    expect(plainOf(encoded, length)?.isLike({ ...amqp.decode(encoded.subarray(0, length)) })).toBe(true);
});

test("a message that rhea reads otherwise is not alike", () => {
  const encoded = amqp.encode({
    body: amqp.data_section(Buffer.from("b")),
    message_id: "m",
    priority: 3,
  });
  const others = { ...amqp.decode(encoded) };
  const plain = present(plainOf(encoded));
  expect(plain.isLike(others)).toBe(true);
  for (const other of [{ message_id: "n" }, { priority: undefined }, { body: "b" }, { another: 1 }])
    expect(plain.isLike({ ...others, ...other })).toBe(false);
});
