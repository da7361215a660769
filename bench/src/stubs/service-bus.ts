// An endless Service Bus queue on rhea. It grants every token, accepts every transfer, and uses up every
// receiver's credit.
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type * as Rhea from "rhea";
import type { Container, Delivery, EventContext, Message, Sender } from "rhea";
import { BODIES, CONTENT_TYPE, counts, report, withRoundTrip } from "./stub-process.ts";

/** The parts of rhea's encoder that its types omit. */
interface Codec {
  decode(bytes: Buffer): unknown;
  encode(message: object): Buffer;
  data_section(bytes: Buffer): unknown;
  accepted(): { described(): unknown };
}

const require = createRequire(import.meta.url);
const rhea = require("rhea") as typeof Rhea;
const codec = require("rhea/lib/message.js") as Codec;
const { types } = rhea;

const MAX_FRAME_BYTES = 1_048_576;
/** The limit of the service's standard tier. */
const MAX_MESSAGE_BYTES = 262_144;
const CREDIT = 2_000;
const BATCH_FORMAT = 0x80013700;
const ACCEPTED = codec.accepted().described();

/** Messages for an entity are counted, and only requests are decoded. rhea itself decodes no batches. */
const decode = codec.decode.bind(codec);
let lastTransfer: Buffer = Buffer.alloc(0);
codec.decode = (bytes) => {
  lastTransfer = bytes;
  return { body: undefined };
};

const messages = BODIES.map((body, index) => stored(Buffer.from(body), index));
const sentOn = new WeakMap<Sender, number>();
const scheduled = new WeakSet<Sender>();
let nextTag = 0;

const container = rhea.create_container({ id: "stub" });
offerMechanisms(container);
container.on("receiver_open", ({ receiver }: EventContext) => {
  const address = String(receiver?.target?.address);
  receiver?.set_target({ address });
});
container.on("sender_open", ({ sender }: EventContext) => {
  const { address, filter } = sender?.source ?? { address: "" };
  sender?.set_source({ address, ...(filter !== undefined && { filter }) });
});
container.on("sendable", ({ sender }: EventContext) => schedule(sender));
container.on("sender_draining", ({ sender }: EventContext) => sender?.set_drained(true));
container.on("message", receive);
container.on("accepted", ({ delivery, sender }: EventContext) => {
  counts.settled += 1;
  if (delivery !== undefined && !delivery.remote_settled) {
    // The receiver settles second and waits for this answer.
    delivery.update(true, ACCEPTED);
    (delivery as { -readonly [Key in keyof Delivery]: Delivery[Key] }).remote_settled = true;
  }
  schedule(sender);
});
for (const event of ["disconnected", "connection_error", "protocol_error", "error"])
  container.on(event, () => {});

const server = container.listen({
  port: 0,
  host: "127.0.0.1",
  max_frame_size: MAX_FRAME_BYTES,
  receiver_options: { credit_window: CREDIT, autoaccept: true, max_message_size: MAX_MESSAGE_BYTES },
  sender_options: { autosettle: true },
});
server.on("connection", (socket) => socket.setNoDelay(true));
server.on("listening", () => void withRoundTrip((server.address() as AddressInfo).port).then(report));

function receive(context: EventContext): void {
  const { receiver, delivery, message } = context;
  const address = String(receiver?.target?.address);
  if (address === "$cbs") answer(context, address, 202, "Accepted");
  else if (address.endsWith("/$management")) answer(context, address, 204, "No content");
  else {
    counts.requests += 1;
    counts.sent += delivery?.format === BATCH_FORMAT ? dataSections(message as unknown as Buffer) : 1;
  }
}

function answer({ connection }: EventContext, address: string, status: number, text: string): void {
  const request = decode(lastTransfer) as { readonly message_id?: string; readonly reply_to?: string };
  connection.each_link((sender: Sender) => {
    if (!sender.is_sender() || sender.source?.address !== address) return;
    const properties = { "status-code": types.wrap_int(status), statusCode: types.wrap_int(status) };
    const descriptions = { "status-description": text, statusDescription: text };
    const { message_id: correlation_id, reply_to: to } = request;
    const application_properties = { ...properties, ...descriptions };
    sender.send({ correlation_id, to, application_properties, body: undefined } as Message);
  });
}

/** The number of messages in a batch. Each is one data section. */
function dataSections(batch: Buffer): number {
  let count = 0;
  for (let at = 0; at + 4 < batch.length;) {
    // A section is 00 53 75 and a binary, short or long.
    const isLong = batch[at + 3] === 0xb0;
    at += isLong ? 8 + batch.readUInt32BE(at + 4) : 5 + (batch[at + 4] ?? 0);
    count += 1;
  }
  return count;
}

/** Fills in a later turn, so that the transfers for many settlements leave together. */
function schedule(sender: Sender | undefined): void {
  if (sender === undefined || scheduled.has(sender) || sender.source.address.includes("$")) return;
  scheduled.add(sender);
  setImmediate(() => {
    scheduled.delete(sender);
    fill(sender);
  });
}

/** rhea reduces the credit only when it writes a transfer, so this counts the queued ones. */
function fill(sender: Sender): void {
  const link = sender as unknown as {
    credit: number;
    delivery_count: number;
    session: { outgoing: { available(): number } };
  };
  let sent = sentOn.get(sender) ?? 0;
  const room = Math.min(link.credit - (sent - link.delivery_count), link.session.outgoing.available());
  for (let count = 0; count < room; count += 1) {
    const tag = Buffer.alloc(16);
    tag.writeUInt32LE(nextTag, 0);
    sender.send(messages[nextTag % messages.length] as never, tag, 0);
    nextTag += 1;
    sent += 1;
    counts.received += 1;
  }
  sentOn.set(sender, sent);
}

function stored(body: Buffer, index: number): Buffer {
  const nowMs = Date.now();
  return codec.encode({
    message_id: `m-${index}`,
    content_type: CONTENT_TYPE,
    body: codec.data_section(body),
    delivery_count: 0,
    ttl: 1_209_600_000,
    message_annotations: {
      "x-opt-enqueued-time": types.wrap_timestamp(nowMs),
      "x-opt-sequence-number": types.wrap_long(index + 1),
      "x-opt-locked-until": types.wrap_timestamp(nowMs + 300_000),
      "x-opt-message-state": types.wrap_int(0),
    },
    application_properties: { type: "order.created" },
  });
}

/** The SDK asks for a vendor-specific mechanism, which works like ANONYMOUS. */
function offerMechanisms({ sasl_server_mechanisms: mechanisms }: Container): void {
  const offered = mechanisms as Record<string, unknown> & { enable_anonymous(): void };
  offered.enable_anonymous();
  offered["MSSBCBS"] = offered["ANONYMOUS"];
}
